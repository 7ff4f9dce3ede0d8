"""Records what ONNX Runtime's CPU kernels compute for the operators of com.microsoft
and for attention of ai.onnx: one JSON file per operator, random data of our own.
Operators that have no CPU kernel are computed from their schema.

    python contrib.py OUTDIR

Format: {op, domain, opset, cases: [{name, attrs, in, out, padding, blind, f32, refused}]}; an
operand is null (left out) or {name, dtype, shape, data} with data in base64,
little-endian; dims, if there, names the symbolic sizes, and const marks initializers."""

import sys

import contrib_around
import contrib_attention
import contrib_onnx
import contrib_quantized
from contrib_record import Recorder

recorder = Recorder(sys.argv[1])
for part in contrib_attention.PARTS + contrib_around.PARTS + contrib_onnx.PARTS + contrib_quantized.PARTS:
    part(recorder)
recorder.write()
if recorder.failed:
    sys.exit("\n".join(recorder.failed))
