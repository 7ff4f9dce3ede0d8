"""Makes the models of this folder out of those beside it, and records what ONNX Runtime,
with its optimisations off, gives for their inputs.

    pip install onnx onnxruntime onnx-ir sympy
    python make.py
"""

import glob
import json
import logging
import os

import onnx
import onnxruntime
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "..", "models")


def data_sets(model):
    """Yields the name and the inputs of each recorded set."""
    for folder in sorted(glob.glob(os.path.join(MODELS, model, "test_data_set_*"))):
        inputs = {}
        for file in sorted(glob.glob(os.path.join(folder, "input_*.pb"))):
            with open(file, "rb") as f:
                t = onnx.TensorProto.FromString(f.read())
            inputs[t.name] = numpy_helper.to_array(t)
        yield os.path.basename(folder), inputs


class Recorded(CalibrationDataReader):
    def __init__(self, model):
        self.sets = (inputs for _, inputs in data_sets(model))

    def get_next(self):
        return next(self.sets, None)


def dynamic(weights, columns, operators):
    def make(model, source, out):
        quantize_dynamic(source, out, weight_type=weights, per_channel=columns, op_types_to_quantize=operators)
    return make


def blocks(bits, symmetric, form=QuantFormat.QOperator):
    def make(model, source, out):
        q = MatMulNBitsQuantizer(onnx.load(source), block_size=16, is_symmetric=symmetric, bits=bits, quant_format=form)
        q.process()
        q.model.save_model_to_file(out)
    return make


def static(model, source, out):
    quantize_static(source, out, Recorded(model), quant_format=QuantFormat.QDQ, per_channel=True,
                    op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8)


CASES = [
    ("bert_dynamic_int8", "bert_sdpa", dynamic(QuantType.QInt8, False, ["MatMul", "Gather"]),
     "DynamicQuantizeLinear and MatMulInteger, i8 weights of one scale"),
    ("bert_dynamic_uint8_columns", "bert_eager_ts11", dynamic(QuantType.QUInt8, True, ["MatMul", "Gather"]),
     "DynamicQuantizeLinear and MatMulInteger, u8 weights with zero points by column"),
    ("gpt2_kv_dynamic_int8", "gpt2_kv_eager", dynamic(QuantType.QInt8, True, ["MatMul", "Gemm"]),
     "a decoder with cache, i8 weights by column"),
    ("llama_kv_4bit", "llama_gqa_kv_sdpa", blocks(4, True), "MatMulNBits, blocks of 16"),
    ("qwen3_kv_4bit_zero_points", "qwen3_qknorm_kv", blocks(4, False), "MatMulNBits with zero points, blocks of 16"),
    ("mistral_kv_8bit", "mistral_sliding_kv", blocks(8, True), "MatMulNBits of 8 bits, blocks of 16"),
    ("llama_4bit_qdq", "llama_gqa_eager", blocks(4, True, QuantFormat.QDQ),
     "DequantizeLinear of int4 in blocks along k, before MatMul"),
    ("bert_static_qdq", "bert_eager", static,
     "QuantizeLinear and DequantizeLinear around every product: scores and probabilities are rounded, which the fused node does not do"),
]


def record(name, model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(os.path.join(HERE, name, "model.onnx"), options, providers=["CPUExecutionProvider"])
    for folder, inputs in data_sets(model):
        folder = os.path.join(HERE, name, folder)
        os.makedirs(folder, exist_ok=True)
        names = [i.name for i in session.get_inputs()]
        results = session.run(None, {n: inputs[n] for n in names})
        outputs = [o.name for o in session.get_outputs()]
        for kind, tensors in (("input", [(n, inputs[n]) for n in names]), ("output", zip(outputs, results))):
            for i, (n, value) in enumerate(tensors):
                with open(os.path.join(folder, f"{kind}_{i}.pb"), "wb") as f:
                    f.write(numpy_helper.from_array(value, n).SerializeToString())


def main():
    logging.disable(logging.WARNING)
    for name, model, make, note in CASES:
        os.makedirs(os.path.join(HERE, name), exist_ok=True)
        out = os.path.join(HERE, name, "model.onnx")
        make(model, os.path.join(MODELS, model, "model.onnx"), out)
        record(name, model)
        with open(os.path.join(MODELS, model, "case.json")) as f:
            of = json.load(f)
        case = {key: of[key] for key in ("family", "precision", "attention", "not_attention", "optional", "data_sets")}
        case.update(name=name, exporter="other", source=model, rtol=1e-3, atol=1e-4,
                    notes=f"{model}, quantised by ONNX Runtime {onnxruntime.__version__}: {note}",
                    opset=max(o.version for o in onnx.load(out).opset_import if o.domain in ("", "ai.onnx")))
        if make is static:
            case.update(attention=0, not_attention=of["attention"])
        with open(os.path.join(HERE, name, "case.json"), "w") as f:
            json.dump(case, f, indent=1)


main()
