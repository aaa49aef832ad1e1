# s2st-inspect: kinds, sizes, JSON, exports, files that are none.
g=data/golden
kind() { s2st-inspect --json "$1" | grep -oE '"(container|kind)": "[^"]*"' | tr '\n' ' '; echo "${1#"$g"/}"; }
for file in s2ut/tied.pt s2ut/legacy_args.pt vocoder/dur.pt vocoder/dur.json hubert/base_like.pt wavlm/base_like.pt \
	ctc/fairseq/model.pt ctc/hf ctc/hf_safetensors xm/proj.pt xm/proj.dict.txt xm/proj.config.yaml kmeans/km.bin \
	kmeans/km_old.bin kmeans/km_zlib.bin kmeans/centroids.npy laser/encoder.pt; do
	kind $g/$file
done
kind models/es-en-demo

echo '--- text'
s2st-inspect $g/s2ut/tied.pt | grep -v '^  '
s2st-inspect $g/vocoder/multispkr.pt | grep -v '^  '
s2st-inspect $g/kmeans/km_zlib.bin | tail -n 3
s2st-inspect $g/hubert/base_like.pt | grep -E '^(layers|dim|fits|optimizer)'
s2st-inspect data/zoo/conformer_rope.pt | grep -E '^(layers|dim|ffn_dim)'
s2st-inspect data/zoo/xm_rope.pt | grep -E '^encoder_'
s2st-inspect $g/s2ut/tied.pt | grep -A 3 '^tensors'
s2st-inspect $g/s2ut/tied.pt | grep -E 'more, -v shows them'
s2st-inspect -v $g/s2ut/tied.pt | grep -cE 'more, -v shows them' || true
test "$(s2st-inspect --json $g/s2ut/tied.pt $g/vocoder/dur.pt | wc -l)" = 2

echo '--- arrays'
s2st-inspect --npy decoder.embed_tokens.weight -o e.npy $g/s2ut/tied.pt
s2st-inspect e.npy | tail -n 2
s2st-inspect --npy decoder.embed_tokens.weight $g/s2ut/tied.pt | cmp - e.npy
exits 1 s2st-inspect --npy no.such.tensor -o n.npy $g/s2ut/tied.pt
test ! -e n.npy

echo '--- packs'
s2st-inspect --verify models/es-en-demo
cp -r models/es-en-demo pack
printf x >>pack/dict.ltr.txt
exits 3 s2st-inspect --verify pack

echo '--- bad files'
: >empty
echo text >text
mkdir nothing
cp $g/audio/tone.wav .
exits 1 s2st-inspect missing.pt $g/vocoder/dur.json >/dev/null
for bad in empty text nothing tone.wav data/bad/calls_os_system.pt; do
	exits 3 s2st-inspect $bad
done
exits 3 s2st-inspect text $g/vocoder/dur.json | grep ^kind
echo '--- misuse'
exits 2 s2st-inspect --resume text
exits 2 s2st-inspect --shard 1/2 text
exits 2 s2st-inspect --npy x --report report.jsonl text
