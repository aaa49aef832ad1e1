# s2u-quantize for probes: a weighted sum of layers, one vector a file; other families of encoders.
g=data/golden
m=$g/wavlm/large_like.pt
for name in austen_a austen_b tone; do cp $g/audio/$name.wav .; done

s2u-quantize -m $m --layer-weights data/zoo/superb.weights.npy --pool mean --features-out all.npy austen_a.wav austen_b.wav tone.wav
s2st-inspect all.npy | grep float32
cat all.ids
s2u-quantize -m $m --layer-weights data/zoo/superb.weights.npy --pool mean --features-out each/ -j 2 austen_b.wav tone.wav
s2st-inspect each/tone.npy | grep float32
tail -c 192 all.npy | cmp - <(tail -c 192 each/tone.npy)
s2u-quantize -m $m --layer 2 --pool max --features-out max.npy tone.wav
s2st-inspect max.npy | grep float32
s2u-quantize -m $m --layer-weights data/zoo/superb.weights.npy --features-out frames.npy tone.wav
s2st-inspect frames.npy | grep float32
# units of all families: their features have the width of the centroids
for model in wavlm/base_like.pt; do
	s2u-quantize -m $g/$model --layer 2 -k $g/kmeans/km.bin --reduce tone.wav | cut -d'|' -f1
done
for model in distilhubert.pt distilhubert_hf unispeech_sat.pt ils_ssl.pt wavlm_hf; do
	s2u-quantize -m data/zoo/$model --layer 1 -k $g/kmeans/km.bin --reduce tone.wav | cut -d'|' -f1
done

echo '--- refusals'
w='--layer-weights data/zoo/superb.weights.npy'
# shellcheck disable=SC2086
{
	exits 2 s2u-quantize -m $m $w --layer 2 --features-out x.npy tone.wav
	exits 2 s2u-quantize --feature-type logmel $w --features-out x.npy tone.wav
	exits 2 s2u-quantize -m $m --layer 2 --pool mean -k $g/kmeans/km.bin tone.wav
	exits 2 s2u-quantize -m data/zoo/distilhubert.pt $w --features-out x.npy tone.wav
	exits 3 s2u-quantize -m $m --layer-weights no.npy --features-out x.npy tone.wav
	exits 1 s2u-quantize -m $m $w --pool mean --features-out some.npy missing.wav tone.wav
}
cat some.ids
