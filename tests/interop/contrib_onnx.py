"""The cases of contrib.py for the operators of ai.onnx that are attention."""

import itertools

import numpy as np

from contrib_record import Operand, run

O = Operand
B, G, H = 2, 2, 8  # batch, key heads, head size


def operands(r, t, s, heads=G, dv=H, past=None):
    """q, k and v of rank 4, and a past."""
    q, k, v = r.normal(B, heads, t, H), r.normal(B, G, s, H), r.normal(B, G, s, dv)
    given = [O("q", q, f"B {heads} T 8"), O("k", k, "B 2 S 8"), O("v", v, f"B 2 S {dv}")]
    cache = [None, None]
    if past is not None:
        cache = [O("past_key", r.normal(B, G, past, H), "B 2 P 8"), O("past_value", r.normal(B, G, past, dv), f"B 2 P {dv}")]
    return given, cache


def packed(o, heads):
    """An operand of rank 4 in the layout of rank 3."""
    a = o.array.transpose(0, 2, 1, 3)
    return O(o.name, a.reshape(a.shape[0], a.shape[1], -1), " ".join([o.dims.split()[0], o.dims.split()[2], str(heads * a.shape[3])]))


def attention(r):
    for opset in [23, 24]:
        def add(name, attrs, ops, outs=["y"]):
            r.add("Attention", name, attrs, ops, outs, domain="", opset=opset)

        if opset == 24:  # the rest means what it means in opset 23
            masks(r, add, {"T S": (3, 5)})
            lengths(r, add)
            break
        for causal, heads, scale in itertools.product([0, 1], [2, 4], [None, 0.5]):
            attrs = dict({"is_causal": causal}, **({"scale": scale} if scale else {}))
            qkv, _ = operands(r, 3, 3, heads)
            add(f"rank 4, causal={causal} heads={heads} scale={scale}", attrs, qkv)
            flat = [packed(qkv[0], heads), packed(qkv[1], G), packed(qkv[2], G)]
            add(f"rank 3, causal={causal} heads={heads} scale={scale}", dict(attrs, q_num_heads=heads, kv_num_heads=G), flat)
        for causal in [0, 1]:
            add(f"cross, causal={causal}", {"is_causal": causal}, operands(r, 3, 5, dv=4)[0])
            for t, s in [(3, 3), (1, 1), (2, 3)]:
                qkv, cache = operands(r, t, s, past=4)
                add(f"past, {t} queries and {s} keys, causal={causal}", {"is_causal": causal}, qkv + [None] + cache, ["y", "present_key", "present_value"])
        add("presents alone", {}, operands(r, 3, 5)[0], ["y", "present_key", "present_value"])
        masks(r, add, {"T S": (3, 5), "B 1 T S": (B, 1, 3, 5), "1 2 T S": (1, 2, 3, 5), "2 T S": (2, 3, 5), "B 2 T S": (B, 2, 3, 5)})
        for mode in range(4):
            add(f"scores, mode {mode}", {"qk_matmul_output_mode": mode, "softcap": 0.7}, operands(r, 3, 5)[0] + [O("mask", r.normal(3, 5))], ["y", "", "", "qk"])


def masks(r, add, shapes):
    for (dims, shape), causal in itertools.product(shapes.items(), [0, 1]):
        seen = r.rng.random(shape) < 0.6
        seen[..., 0] = True
        qkv, _ = operands(r, 3, 5)
        add(f"bool mask [{dims}], causal={causal}", {"is_causal": causal}, qkv + [O("mask", seen, dims)])
        add(f"mask [{dims}], causal={causal}", {"is_causal": causal}, qkv + [O("mask", r.normal(*shape), dims)])
    seen = np.ones((3, 5), bool)
    seen[1] = False
    qkv, cache = operands(r, 3, 5)
    add("bool mask, a row that sees nothing", {}, qkv + [O("mask", seen, "T S")])
    add("mask, a row that sees nothing", {}, qkv + [O("mask", np.where(seen, 0, -np.inf).astype(np.float32), "T S")])
    add("bool mask, softcap", {"softcap": 0.5}, qkv + [O("mask", r.rng.random((3, 5)) < 0.6, "T S")])
    add("mask, softcap, heads", {"softcap": 2.0}, operands(r, 3, 5, 4)[0] + [O("mask", r.normal(3, 5), "T S")])
    qkv, cache = operands(r, 3, 3, past=2)
    add("past and mask", {}, qkv + [O("mask", r.rng.random((3, 5)) < 0.7)] + cache, ["y", "present_key", "present_value"])


def lengths(r, add):
    """nonpad_kv_seqlen, new in opset 24."""
    for causal, n in itertools.product([0, 1], [[5, 5], [4, 3], [5, 1], [3, 0]]):
        qkv, _ = operands(r, 3, 5)
        add(f"lengths {n}, causal={causal}", {"is_causal": causal}, qkv + [None, None, None, O("nonpad", np.array(n, np.int64), "B")])
        add(f"lengths {n} and mask, causal={causal}", {"is_causal": causal}, qkv + [O("mask", r.normal(3, 5), "T S"), None, None, O("nonpad", np.array(n, np.int64), "B")])
    qkv, _ = operands(r, 1, 5, 4)
    add("lengths, one query", {"is_causal": 1}, qkv + [None, None, None, O("nonpad", np.array([4, 2], np.int64), "B")])
    qkv = [O(o.name, o.array) for o in operands(r, 3, 5)[0]]  # how many keys it lacks has to be known
    mask = r.normal(3, 4)
    padded = O("mask", np.pad(mask, ((0, 0), (0, 1)), constant_values=-np.inf).astype(np.float32))
    n = O("nonpad", np.array([4, 3], np.int64), "B")
    expect = run("Attention", "", 24, {}, qkv + [padded, None, None, n], ["y"])
    r.add("Attention", "mask shorter than the keys", {}, qkv + [O("mask", mask), None, None, n], ["y"], domain="", opset=24, expect=expect)


def around(r):
    cos, sin = O("cos", r.uniform(-1, 1, 16, 4), const=True), O("sin", r.uniform(-1, 1, 16, 4), const=True)
    ids = O("ids", r.rng.integers(0, 16, (2, 3)).astype(np.int64), "B T")
    for inter in [0, 1]:
        add = lambda name, attrs, ops: r.add("RotaryEmbedding", f"{name}, interleaved={inter}", dict(attrs, interleaved=inter), ops, ["y"], domain="", opset=23)
        add("rank 4", {}, [O("x", r.normal(2, 2, 3, 8), "B 2 T 8"), cos, sin, ids])
        add("rank 3", {"num_heads": 2}, [O("x", r.normal(2, 3, 16), "B T 16"), cos, sin, ids])
        add("part", {"rotary_embedding_dim": 8}, [O("x", r.normal(2, 2, 3, 16), "B 2 T 16"), cos, sin, ids])
        add("tables per token", {}, [O("x", r.normal(2, 2, 3, 8), "B 2 T 8"), O("cos", r.uniform(-1, 1, 2, 3, 4), "B T 4"), O("sin", r.uniform(-1, 1, 2, 3, 4), "B T 4")])
    for mode, at in itertools.product(["linear", "circular"], [[1, 0], [2, 1]]):
        places = np.array(at if mode == "linear" else [3, 1], np.int64)
        r.add("TensorScatter", f"{mode} {at}", {"mode": mode}, [O("cache", r.normal(2, 2, 4, 3), "B 2 S 3"), O("rows", r.normal(2, 2, 2, 3), "B 2 T 3"), O("at", places, "B")], ["y"], domain="", opset=24)
    r.add("TensorScatter", "from 0", {}, [O("cache", r.normal(2, 4, 3), "B S 3"), O("rows", r.normal(2, 2, 3), "B T 3")], ["y"], domain="", opset=24)
    r.add("TensorScatter", "axis", {"axis": 1}, [O("cache", r.normal(2, 4, 2, 3), "B S 2 3"), O("rows", r.normal(2, 2, 2, 3), "B T 2 3"), O("at", np.array([1, 2], np.int64), "B")], ["y"], domain="", opset=24)
    x = O("x", r.normal(2, 3, 8), "B T 8")
    r.add("RMSNormalization", "plain", {}, [x, O("scale", r.normal(8), const=True)], ["y"], domain="", opset=23)
    r.add("RMSNormalization", "axis", {"axis": 1, "epsilon": 0.1}, [x, O("scale", r.normal(3, 8), const=True)], ["y"], domain="", opset=23)
    r.add("Swish", "plain", {}, [x], ["y"], domain="", opset=24, expect={"y": x.array / (1 + np.exp(-x.array))})
    r.add("Swish", "alpha", {"alpha": 0.5}, [x], ["y"], domain="", opset=24, expect={"y": x.array / (1 + np.exp(-0.5 * x.array))})


PARTS = [attention, around]
