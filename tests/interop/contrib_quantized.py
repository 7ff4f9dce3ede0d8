"""The cases of contrib.py for operators on integers that count steps of a scale."""

import itertools

import ml_dtypes
import numpy as np

from contrib_record import MS, Operand, run

O = Operand
f32, u8, i8 = np.float32, np.uint8, np.int8


def bytes_of(r, *shape):
    return r.rng.integers(0, 256, shape).astype(u8)


def const(name, array):
    return O(name, array, const=True)


def steps(r, name, shape, dtype=u8, dims=None, scale=0.05, zero=None, is_const=False):
    """Steps, scale and zero point of an operand."""
    limits = np.iinfo(dtype)
    x = r.rng.integers(limits.min, limits.max, shape, endpoint=True).astype(dtype)
    zero = int(limits.min + limits.max + 1) // 2 + 7 if zero is None else zero
    return [O(name, x, dims, const=is_const), const(name + "_scale", f32(scale)), const(name + "_zero_point", dtype(zero))]


def blocks(r):
    n, rows = 3, O("a", r.normal(2, 2, 40), "B T 40")
    for bits, size in itertools.product([2, 4, 8], [16, 32]):
        count = -(-40 // size)
        attrs = {"K": 40, "N": n, "bits": bits, "block_size": size}
        b = const("b", bytes_of(r, n, count, size * bits // 8))
        scales = const("scales", r.normal(n, count, scale=1 / 2**bits))
        zeros = const("zero_points", bytes_of(r, n, -(-count * bits // 8)))
        between = const("zero_points", r.uniform(0, 2**bits, n, count))
        bias = const("bias", r.normal(n))
        label = f"{bits} bits, blocks of {size}"
        r.add("MatMulNBits", label, attrs, [rows, b, scales], ["y"])
        r.add("MatMulNBits", label + ", zero points", attrs, [rows, b, scales, zeros], ["y"])
        if bits < 8:
            r.add("MatMulNBits", label + ", zero points in floats", attrs, [rows, b, scales, between], ["y"])
        r.add("MatMulNBits", label + ", bias", attrs, [rows, b, scales, zeros, None, bias], ["y"])
    attrs = {"K": 32, "N": n, "bits": 4, "block_size": 16}
    rows, b, scales = O("a", r.normal(2, 32), "B 32"), const("b", bytes_of(r, n, 2, 8)), const("scales", r.normal(n * 2, scale=0.1))
    r.add("MatMulNBits", "lists of scales and zero points", attrs, [rows, b, scales, const("zero_points", bytes_of(r, n))], ["y"])
    order = const("g_idx", r.rng.integers(0, 2, 32).astype(np.int32))
    square = const("scales", r.normal(n, 2, scale=0.1))
    r.add("MatMulNBits", "blocks by index", attrs, [rows, b, square, None, order], ["y"])
    r.add("MatMulNBits", "blocks by index, zero points in floats", attrs, [rows, b, square, const("zero_points", r.uniform(0, 16, n, 2)), order], ["y"])
    r.add("MatMulNBits", "blocks by index in order", attrs, [rows, b, square, None, const("g_idx", (np.arange(32) // 16).astype(np.int32))], ["y"])
    r.refuse("MatMulNBits", "blocks by index, zero points", attrs, [rows, b, square, const("zero_points", bytes_of(r, n, 1)), order], ["y"], "g_idx and zero_points")
    r.refuse("MatMulNBits", "matrix as input", attrs, [rows, O("b", b.array), square], ["y"], "operand B is not constant")
    r.refuse("MatMulNBits", "left out", attrs, [rows, const("b", np.zeros((0, 2, 8), u8)), square], ["y"], "operand B is empty")
    codes(r)
    tables(r)


def codes(r):
    """MatMulBnb4. With transB=0 ONNX Runtime's CPU kernel reads the matrix by wrong
    strides: what the schema says is computed of the matrix that the identity shows."""
    for kind, name in enumerate(["FP4", "NF4"]):
        attrs = {"K": 20, "N": 3, "block_size": 16, "quant_type": kind}
        weights = [const("b", bytes_of(r, 30)), const("absmax", r.uniform(0.1, 2, 4))]
        r.add("MatMulBnb4", name, attrs, [O("a", r.normal(2, 20), "B 20")] + weights, ["y"])
        matrix = run("MatMulBnb4", MS, 1, attrs, [O("a", np.eye(20, dtype=f32))] + weights, ["y"])["y"].T
        x = O("a", r.normal(2, 3), "B 3")
        r.add("MatMulBnb4", name + ", schema, not transposed", dict(attrs, transB=0), [x] + weights, ["y"], expect={"y": x.array @ matrix})
    odd = {"K": 5, "N": 3, "block_size": 16, "quant_type": 1}
    r.add("MatMulBnb4", "half of a byte", odd, [O("a", np.eye(5, dtype=f32)), const("b", bytes_of(r, 8)), const("absmax", f32([1.5]))], ["y"])


def tables(r):
    index = O("indices", np.array([[0, -1, 3], [2, 2, 5]], np.int64), "B T")
    for bits in [4, 8]:
        attrs = {"bits": bits, "block_size": 16, "quantize_axis": 1, "gather_axis": 0}
        data, scales = const("data", bytes_of(r, 6, 40 * bits // 8)), const("scales", r.normal(6, 3, scale=0.1))
        r.add("GatherBlockQuantized", f"bytes of {bits} bits", attrs, [data, index, scales], ["y"])
        r.add("GatherBlockQuantized", f"bytes of {bits} bits, zero points", attrs, [data, index, scales, const("zero_points", bytes_of(r, 6, -(-3 * bits // 8)))], ["y"])
    for name, (low, high) in {"uint4": (0, 16), "int4": (-8, 8)}.items():
        dtype = getattr(ml_dtypes, name)
        few = lambda *shape: r.rng.integers(low, high, shape).astype(np.int8).astype(dtype)
        for axis, along in [(0, 1), (1, 0), (0, -1), (0, 0), (2, 1)]:
            shape = [2, 2, 2]
            shape[axis], shape[along] = 6, 32
            count = list(shape)
            count[along] = 2
            attrs = {"block_size": 16, "quantize_axis": along, "gather_axis": axis}
            operands = [const("data", few(*shape)), index, const("scales", r.normal(*count, scale=0.1))]
            r.add("GatherBlockQuantized", f"{name}, axis {axis}, blocks along {along}", attrs, operands, ["y"])
            r.add("GatherBlockQuantized", f"{name}, axis {axis}, blocks along {along}, zero points", attrs, operands + [const("zero_points", few(*count))], ["y"])


def products(r):
    bias = const("bias", r.normal(5))
    for dtype in [u8, i8]:
        name = np.dtype(dtype).name
        mid = 128 if dtype is u8 else 0
        b = const("b", r.rng.integers(mid - 60, mid + 60, (8, 5)).astype(dtype))
        scale, scales = const("b_scale", f32(0.02)), const("b_scale", r.uniform(0.01, 0.03, 5))
        zero, zeros = const("b_zero_point", dtype(mid + 3)), const("b_zero_point", (mid + np.arange(5)).astype(dtype))
        x = O("a", r.normal(2, 3, 8), "B T 8")
        r.add("DynamicQuantizeMatMul", name, {}, [x, b, scale], ["y"], f32=True)
        r.add("DynamicQuantizeMatMul", name + ", zero point, bias", {}, [x, b, scale, zero, bias], ["y"], f32=True)
        r.add("DynamicQuantizeMatMul", name + ", by column", {}, [x, b, scales, zeros, bias], ["y"], f32=True)
        r.add("DynamicQuantizeMatMul", name + ", scale by column", {}, [x, b, scales, None, bias], ["y"], f32=True)
        r.add("DynamicQuantizeMatMul", name + ", zero points by column", {}, [x, b, scale, zeros], ["y"], f32=True)
        for other in [u8, i8] if dtype is i8 else [u8]:
            a, a_scale, a_zero = steps(r, "a", (2, 3, 8), other, "B T 8")
            label = f"{np.dtype(other).name} by {name}"
            r.add("MatMulIntegerToFloat", label, {}, [a, b, a_scale, scale], ["y"], f32=True)
            r.add("MatMulIntegerToFloat", label + ", zero points, bias", {}, [a, b, a_scale, scale, a_zero, zero, bias], ["y"], f32=True)
            r.add("MatMulIntegerToFloat", label + ", by column", {}, [a, b, a_scale, scales, a_zero, zeros, bias], ["y"], f32=True)
        batched = const("b", r.rng.integers(mid - 60, mid + 60, (2, 8, 5)).astype(dtype))
        many = const("b_scale", r.uniform(0.01, 0.03, 2, 1, 5)), const("b_zero_point", r.rng.integers(mid - 5, mid + 5, (2, 1, 5)).astype(dtype))
        a, a_scale, a_zero = steps(r, "a", (2, 3, 8))
        r.add("MatMulIntegerToFloat", f"batches, {name}, by column", {}, [a, batched, a_scale, many[0], a_zero, many[1]], ["y"], f32=True)
    gemms(r)


def gemms(r):
    for ta, tb in itertools.product([0, 1], [0, 1]):
        a = steps(r, "a", (8, 3) if ta else (3, 8))
        b = const("b", r.rng.integers(-60, 60, (5, 8) if tb else (8, 5)).astype(i8))
        scales, zeros = const("b_scale", r.uniform(0.01, 0.03, 5)), const("b_zero_point", np.arange(5).astype(i8))
        c = const("c", r.rng.integers(-500, 500, 5).astype(np.int32))
        y = [const("y_scale", f32(0.17)), const("y_zero_point", u8(120))]
        attrs = {"transA": ta, "transB": tb, "alpha": 0.7}
        r.add("QGemm", f"transA={ta} transB={tb}", attrs, a + [b, scales, zeros, c] + y, ["y"], f32=True)
        r.add("QGemm", f"transA={ta} transB={tb}, floats", attrs, a + [b, scales, zeros, c], ["y"], f32=True)
        r.add("QGemm", f"transA={ta} transB={tb}, no c", {"transA": ta, "transB": tb}, a + [b, scales, zeros, None] + y, ["y"], f32=True)
    r.refuse("QGemm", "scale without zero point", {}, a[:1] + a[1:] + [b, scales, zeros, None, y[0]], ["y"], "y_scale and y_zero_point")


def numbers(r):
    result = lambda dtype, scale=0.07: [const("y_scale", f32(scale)), const("y_zero_point", dtype(100))]
    for dtype in [u8, i8]:
        name = np.dtype(dtype).name
        add = lambda op, label, attrs, operands: r.add(op, f"{name}{label}", attrs, operands, ["y"], f32=True)
        a, b = steps(r, "a", (2, 3, 8), dtype, "B T 8"), steps(r, "b", (8,), dtype, scale=0.03)
        y = result(dtype)
        add("QLinearAdd", "", {}, a + b + y)
        add("QLinearAdd", ", same shape", {}, a + steps(r, "b", (2, 3, 8), dtype, "B T 8", scale=0.03) + y)
        add("QLinearMul", "", {}, a + b + y)
        x = steps(r, "x", (2, 3, 8), dtype, "B T 8")
        add("QLinearSigmoid", "", {}, x + [const("y_scale", f32(1 / 256)), const("y_zero_point", dtype(np.iinfo(dtype).min))])
        add("QLinearLeakyRelu", "", {"alpha": 0.2}, x + y)
        add("QLinearLeakyRelu", ", alpha left out", {}, x + y)
        low = [const("y_scale", f32(1 / 256)), const("y_zero_point", dtype(np.iinfo(dtype).min))]
        for opset, axis in [(13, -1), (13, 1), (12, 1), (12, 2)]:
            add("QLinearSoftmax", f", opset {opset}, axis {axis}", {"opset": opset, "axis": axis}, x + low)
        image = steps(r, "x", (1, 3, 5, 6), dtype)
        last = [O("x", np.ascontiguousarray(image[0].array.transpose(0, 2, 3, 1)))] + image[1:]
        y = result(dtype, 0.043)
        add("QLinearGlobalAveragePool", "", {}, image + y)
        add("QLinearGlobalAveragePool", ", channels last", {"channels_last": 1}, last + y)
        pool = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 1, 1, 0]}
        add("QLinearAveragePool", "", pool, image + y)
        add("QLinearAveragePool", ", pads counted", dict(pool, count_include_pad=1), image + y)
        add("QLinearAveragePool", ", ceil", {"kernel_shape": [2, 3], "strides": [2, 2], "ceil_mode": 1}, image + y)
        add("QLinearAveragePool", ", channels last", dict(pool, channels_last=1), last + y)
        more = lambda n: [o if i else O(f"x{n}", o.array, o.dims) for i, o in enumerate(renamed(steps(r, "x", (2, n, 4), dtype, f"B {n} 4", scale=0.02 * n), n))]
        add("QLinearConcat", "", {"axis": 1}, y + more(1) + more(3))
        add("QLinearConcat", ", axis from the end", {"axis": -2}, y + more(1) + more(2) + more(3))
        condition = O("condition", r.rng.random((2, 1, 8)) < 0.5)
        add("QLinearWhere", "", {}, [condition] + x + steps(r, "z", (3, 8), dtype, scale=0.02) + y)
        w = [const("w", r.rng.integers(-60, 60, (4, 3, 3, 3)).astype(i8)), const("w_scale", r.uniform(0.01, 0.02, 4)), const("w_zero_point", np.zeros(4, i8))]
        conv = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
        given = image[:2] + [const("x_zero_point", dtype(np.iinfo(dtype).min + 120))]
        add("QLinearConv", "", conv, given + w + result(dtype, 0.21) + [const("bias", r.rng.integers(-500, 500, 4).astype(np.int32))])
        add("QLinearConv", ", no bias", conv, given + w + result(dtype, 0.21))
        mean = np.rint((np.float64(x[0].array) - int(x[2].array)).mean(1, keepdims=True) * np.float64(x[1].array) / np.float64(y[0].array)) + 100
        limits = np.iinfo(dtype)
        r.add("QLinearReduceMean", f"{name}, schema", {"axes": [1], "keepdims": 1}, x + y, ["y"], expect={"y": mean.clip(limits.min, limits.max).astype(dtype)}, f32=True)
        wide = np.uint32 if dtype is u8 else np.int32
        r.add("ReduceSumInteger", f"{name}, schema", {"axes": [0, -1], "keepdims": 0}, [x[0]], ["y"], expect={"y": x[0].array.sum((0, 2), dtype=wide)})
        product = (a[0].array.astype(np.int32) - int(a[2].array)) * (b[0].array.astype(np.int32) - int(b[2].array))
        r.add("MulInteger", f"{name}, schema", {}, [a[0], a[2], b[0], b[2]], ["y"], expect={"y": product})
    linear(r)


def renamed(operands, n):
    return [O(o.name.replace("x", f"x{n}"), o.array, o.dims, o.const) for o in operands]


def linear(r):
    x = O("x", r.normal(2, 3, 4, scale=3), "B T 4")
    for dtype in [u8, i8, np.uint16, np.int16, ml_dtypes.uint4, ml_dtypes.int4]:
        name, few = np.dtype(dtype).name, "4" in np.dtype(dtype).name
        scale, zero = const("scale", f32(0.4 if few else 0.04)), const("zero_point", np.asarray(3, dtype))
        scales, zeros = const("scale", r.uniform(0.2, 0.4, 3)), const("zero_point", np.array([1, 2, 3], np.int8).astype(dtype))
        whole = np.rint(x.array / scale.array).clip(0, 4).astype(np.int8).astype(dtype)
        q = O("q", whole, const=few)
        if not few:
            r.add("QuantizeLinear", name, {}, [x, scale, zero], ["y"], f32=True)
            r.add("QuantizeLinear", name + ", axis", {"axis": 1}, [x, scales, zeros], ["y"], f32=True)
            r.add("QuantizeLinear", name + ", a list of one", {}, [x, const("scale", scale.array.reshape(1)), zero], ["y"], f32=True)
        r.add("DequantizeLinear", name, {}, [q, scale, zero], ["y"])
        r.add("DequantizeLinear", name + ", axis", {"axis": -2}, [q, scales, zeros], ["y"])
        r.add("DequantizeLinear", name + ", no zero point", {}, [q, scale], ["y"])
    r.add("QuantizeLinear", "no zero point", {}, [x, const("scale", f32(0.04))], ["y"], f32=True)
    r.add("DequantizeLinear", "int32", {}, [O("q", np.array([3, -5000000], np.int32)), const("scale", f32(0.04))], ["y"], f32=True)


def attention(r):
    n, h, t = 2, 8, 4
    d = n * h
    for dtype in [u8, i8]:
        name = f"weights of {np.dtype(dtype).name}"
        x = steps(r, "input", (2, t, d), u8, f"B T {d}", scale=0.02)
        mid = 128 if dtype is u8 else 0
        w = const("weight", r.rng.integers(mid - 60, mid + 60, (d, 3 * d)).astype(dtype))
        bias = const("bias", r.normal(3 * d, scale=0.1))
        scale, zero = const("weight_scale", f32(0.006)), const("weight_zero_point", dtype(mid + 3))
        scales, zeros = const("weight_scale", r.uniform(0.003, 0.006, 3 * d)), const("weight_zero_point", np.full(3 * d, mid, dtype))
        lengths = O("mask_index", np.array([4, 2], np.int32), "B")
        add = lambda label, attrs, operands, out=["y"]: r.add("QAttention", name + label, dict(attrs, num_heads=n), operands, out, f32=True)
        add("", {}, [x[0], w, bias, x[1], scale, None, x[2], zero])
        add(", by column", {}, [x[0], w, bias, x[1], scales, None, x[2], zeros])
        add(", lengths", {}, [x[0], w, bias, x[1], scale, lengths, x[2], zero])
        add(", mask", {}, [x[0], w, bias, x[1], scale, O("mask_index", np.array([[1, 1, 1, 1], [1, 1, 0, 0]], np.int32), "B T"), x[2], zero])
        add(", unidirectional, scale", {"unidirectional": 1, "scale": 0.3}, [x[0], w, bias, x[1], scale, None, x[2], zero])
        past = O("past", r.normal(2, 2, n, 3, h), f"2 B {n} P {h}")
        add(", past", {"unidirectional": 1}, [x[0], w, bias, x[1], scale, None, x[2], zero, past], ["y", "present"])


def embeddings(r):
    c = 8
    for dtype in [u8, i8]:
        mid = 128 if dtype is u8 else 0
        part = lambda name, *shape: (const(name, r.rng.integers(mid - 100, mid + 100, shape).astype(dtype)), const(name + "_scale", f32(r.rng.uniform(0.005, 0.01))), const(name + "_zero", dtype(mid + 3)))
        parts = [part("word", 10, c), part("position", 6, c), part("segment", 2, c), part("gamma", c), part("beta", c)]
        ids = O("ids", r.rng.integers(0, 10, (2, 3)).astype(np.int32), "B T")
        segments = O("segments", r.rng.integers(0, 2, (2, 3)).astype(np.int32), "B T")
        mask = O("mask", np.array([[1, 1, 1], [1, 0, 0]], np.int32), "B T")
        of = lambda i, skip=(): [None if j in skip else p[i] for j, p in enumerate(parts)]
        name = np.dtype(dtype).name
        r.add("QEmbedLayerNormalization", name, {}, [ids, segments] + of(0) + [mask] + of(1) + of(2), ["y", "mask_index"])
        r.add("QEmbedLayerNormalization", name + ", no segments", {"epsilon": 0.01}, [ids, None] + of(0, [2]) + [mask] + of(1, [2]) + of(2, [2]), ["y", "mask_index"])
        r.add("QEmbedLayerNormalization", name + ", no mask", {}, [ids, segments] + of(0) + [None] + of(1) + of(2), ["y", "mask_index"])


PARTS = [blocks, products, numbers, attention, embeddings]
