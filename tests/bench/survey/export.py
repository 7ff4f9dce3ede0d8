"""Exports architectures of transformers and timm, with random weights, as ONNX files.

    python export.py FOLDER [NAME ...]

Text models have 3 layers of width 384 with 6 heads and a vocabulary of 2000, and read 2
sequences of 128; vision models that transformers has are as wide and read one image of
224 x 224; those of timm and the convolutional ones are as they are published. Files are
written by torch.onnx.export with the exporter that is its default since torch 2.9; a
model that can't be made or exported is named, and left out.
"""

import os
import sys
import warnings

import timm
import torch
import transformers

WIDE = dict(hidden_size=384, num_hidden_layers=3, num_attention_heads=6, intermediate_size=1536)
TEXT = dict(WIDE, vocab_size=2000, max_position_embeddings=512)
D_MODEL = dict(d_model=384, encoder_layers=3, decoder_layers=3, encoder_attention_heads=6,
               decoder_attention_heads=6, encoder_ffn_dim=1536, decoder_ffn_dim=1536, vocab_size=2000)
T5 = dict(d_model=384, d_kv=64, d_ff=1536, num_layers=3, num_heads=6, vocab_size=2000)
GROUPED = dict(num_key_value_heads=2)
HEAD = dict(head_dim=64, num_key_value_heads=2)
BUCKETS = dict(relative_attention=True, pos_att_type=["p2c", "c2p"], position_buckets=64, max_relative_positions=128)
SPECIAL = dict(pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2)


def ids(batch=2, length=128):
    return torch.randint(5, 2000, (batch, length))


def mask(batch=2, length=128):
    m = torch.ones(batch, length, dtype=torch.long)
    m[-1, -20:] = 0
    return m


def text():
    return dict(input_ids=ids(), attention_mask=mask())


def plain():
    return dict(input_ids=ids())


def both():
    return dict(text(), decoder_input_ids=ids(2, 32))


def boxes():
    return dict(text(), bbox=torch.rand(2, 128, 8))


def markup():
    return dict(text(), xpath_tags_seq=torch.randint(0, 200, (2, 128, 50)), xpath_subs_seq=torch.randint(0, 1000, (2, 128, 50)))


def image():
    return dict(pixel_values=torch.randn(1, 3, 224, 224))


def wave():
    return dict(input_values=torch.randn(1, 32000))


ENCODER, DECODER, SEQ2SEQ, VISION, SPEECH, CONVOLUTIONS = "text encoders", "decoders", "encoder-decoders", "vision", "speech", "with convolutions"

# Of transformers: the prefix of its classes, how the config differs, what it reads.
MODELS = [
    (ENCODER, text, TEXT, [
        ("Bert", {}), ("Roberta", {}), ("Electra", {}), ("Camembert", {}), ("MPNet", {}), ("ConvBert", {}),
        ("Nystromformer", {}), ("MegatronBert", {}), ("IBert", {}), ("RoFormer", {}), ("LayoutLM", {}), ("Ernie", {}),
        ("Esm", dict(pad_token_id=1, mask_token_id=4)), ("DebertaV2", BUCKETS), ("Deberta", BUCKETS),
        ("Albert", dict(embedding_size=128)), ("RemBert", {}), ("Data2VecText", {}), ("XLMRoberta", {}), ("Splinter", {}),
        ("Yoso", {}), ("Luke", {}), ("ModernBert", dict(SPECIAL, intermediate_size=576)), ("NomicBert", {}),
    ]),
    (ENCODER, boxes, TEXT, [("Bros", {})]),
    (ENCODER, markup, TEXT, [("MarkupLM", {})]),
    (ENCODER, text, dict(dim=384, n_layers=3, n_heads=6, hidden_dim=1536, vocab_size=2000), [("DistilBert", {})]),
    (DECODER, text, TEXT, [
        ("Llama", GROUPED), ("Mistral", dict(GROUPED, sliding_window=64)), ("Qwen2", GROUPED), ("Qwen3", HEAD),
        ("Gemma", dict(HEAD, num_key_value_heads=1)), ("Gemma2", dict(HEAD, sliding_window=64)),
        ("Gemma3Text", dict(HEAD, sliding_window=64)), ("Phi", {}), ("Phi3", dict(GROUPED, pad_token_id=0)), ("GPTNeoX", {}),
        ("Olmo", {}), ("Olmo2", {}), ("Cohere", {}), ("Granite", {}), ("Starcoder2", GROUPED), ("Falcon", {}), ("Bloom", {}),
        ("Persimmon", {}), ("Glm", dict(HEAD, pad_token_id=0)), ("Helium", HEAD),
        ("DeepseekV3", dict(n_routed_experts=4, num_key_value_heads=6, moe_intermediate_size=384, first_k_dense_replace=3,
                            q_lora_rank=128, kv_lora_rank=128)),
    ]),
    (DECODER, text, dict(n_embd=384, n_layer=3, n_head=6, vocab_size=2000, n_positions=512), [
        ("GPT2", {}), ("GPTJ", dict(rotary_dim=32)),
    ]),
    (DECODER, text, dict(hidden_size=384, num_layers=4, num_heads=6, attention_types=[[["global", "local"], 2]],
                         vocab_size=2000, max_position_embeddings=512, window_size=64), [("GPTNeo", {})]),
    (DECODER, text, dict(d_model=384, ffn_dim=1536, num_layers=3, attention_heads=6, vocab_size=2000), [("XGLM", {})]),
    (SEQ2SEQ, both, T5, [("T5", {}), ("MT5", dict(feed_forward_proj="gated-gelu"))]),
    (SEQ2SEQ, both, D_MODEL, [("Bart", {}), ("Marian", dict(pad_token_id=0, activation_function="swish"))]),
    (VISION, image, WIDE, [
        ("ViT", {}), ("DeiT", {}), ("Dinov2", {}), ("DINOv3ViT", {}), ("Beit", dict(use_relative_position_bias=True)),
        ("Data2VecVision", dict(use_relative_position_bias=True)), ("Yolos", {}), ("IJepa", {}), ("DPT", {}),
        ("CLIPVision", dict(patch_size=16)), ("SiglipVision", dict(patch_size=16)),
    ]),
    (VISION, image, {}, [("Swin", dict(depths=[2, 2, 2], num_heads=[3, 6, 12])), ("Swinv2", dict(depths=[2, 2], num_heads=[3, 6])),
                         ("Segformer", {}), ("Cvt", dict(depth=[1, 2, 4])), ("Levit", {}), ("Pvt", {})]),
    (SPEECH, wave, WIDE, [("Wav2Vec2", {}), ("Hubert", {}), ("Wav2Vec2Conformer", {})]),
    (SPEECH, lambda: dict(input_features=torch.randn(1, 200, 160)), WIDE, [("Wav2Vec2Bert", {})]),
    (SPEECH, lambda: dict(input_values=torch.randn(1, 256, 128)), dict(WIDE, max_length=256), [("AST", {})]),
    (SPEECH, lambda: dict(input_features=torch.randn(1, 80, 1000), decoder_input_ids=ids(1, 32)),
     dict(D_MODEL, max_source_positions=500, decoder_start_token_id=1, **{k: SPECIAL[k] for k in ("pad_token_id", "bos_token_id", "eos_token_id")}),
     [("Whisper", {})]),
    (CONVOLUTIONS, image, {}, [("ConvNext", dict(depths=[2, 2, 2, 2])), ("MobileNetV2", {}), ("PoolFormer", {}),
                               ("ResNet", dict(embedding_size=64, hidden_sizes=[64, 128, 256, 512], depths=[2, 2, 2, 2], layer_type="basic"))]),
]

# Of timm, by their names there.
TIMM = [
    (VISION, ["vit_small_patch16_rope_224", "eva02_tiny_patch14_224", "vit_base_patch16_siglip_224", "beitv2_base_patch16_224",
              "swin_tiny_patch4_window7_224", "cait_xxs24_224", "xcit_tiny_12_p16_224", "tiny_vit_5m_224", "davit_tiny", "mixer_b16_224"]),
    (CONVOLUTIONS, ["efficientformer_l1", "mobilevitv2_050", "maxvit_tiny_rw_224", "edgenext_small", "coatnet_0_rw_224", "fastvit_t8",
                    "efficientnet_b0", "convnextv2_nano", "regnety_004", "poolformerv2_s12"]),
]


class First(torch.nn.Module):
    """The first output of a model, by the names of its inputs."""

    def __init__(self, model, names, more):
        super().__init__()
        self.model, self.names, self.more = model, names, more

    def forward(self, *inputs):
        out = self.model(**dict(zip(self.names, inputs)), **self.more)
        return out if torch.is_tensor(out) else out[0]


def of_transformers(prefix, config, inputs, kind):
    config = getattr(transformers, prefix + "Config")(**config)
    config.use_cache = False
    more = dict(use_cache=False) if kind in (DECODER, SEQ2SEQ) or prefix == "Whisper" else {}
    model = getattr(transformers, prefix + "Model")(config).eval()
    return First(model, list(inputs), more), tuple(inputs.values())


def of_timm(name):
    model = timm.create_model(name, exportable=True).eval()
    size = model.default_cfg.get("input_size", (3, 224, 224))[-1]
    return model, (torch.randn(1, 3, size, size),)


def all_models():
    for kind, inputs, common, models in MODELS:
        for prefix, changes in models:
            yield kind, prefix, lambda: of_transformers(prefix, dict(common, **changes), inputs(), kind)
    for kind, names in TIMM:
        for name in names:
            yield kind, name, lambda: of_timm(name)


def main(folder, *wanted):
    warnings.filterwarnings("ignore")
    for kind, name, make in all_models():
        path = os.path.join(folder, kind, name + ".onnx")
        if wanted and name not in wanted or os.path.exists(path):
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            torch.manual_seed(0)
            model, inputs = make()
            with torch.no_grad():
                torch.onnx.export(model, inputs, path + ".part", external_data=False, verbose=False)
            os.rename(path + ".part", path)
        except Exception as e:  # of any kind: they come from three libraries
            print(f"{name}: {type(e).__name__}: {str(e).splitlines()[0]}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
