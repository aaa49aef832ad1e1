# XM transformers in the tools: the dictionary's numbers are units, their own defaults, packs, what cannot be used.
g=data/golden
for name in proj adaptor_proj v0; do
	cp $g/xm/$name.pt $g/xm/$name.config.yaml $g/xm/$name.dict.txt .
done
w=$g/audio/tone.wav

echo '--- units'
s2ut-generate -m proj.pt --config proj.config.yaml --max-len-b 20 $g/audio/austen_a.wav $w
s2ut-generate -m v0.pt --config v0.config.yaml --beam 1 --max-len-b 40 $w
s2ut-generate -m adaptor_proj.pt --dict adaptor_proj.dict.txt --max-len-b 20 $w
echo '--- fairseq'
s2ut-generate -m v0.pt --config v0.config.yaml --beam 1 --max-len-a 0 --format fairseq $w | cut -f1,3 | grep H
s2ut-generate -m v0.pt --config v0.config.yaml --prefix en --beam 1 --format fairseq $w | cut -f1,3 | grep H
s2ut-generate -m v0.pt --config v0.config.yaml --prefix en --beam 1 $w # a tag is no unit

# beam 10 and 1/320 unless told otherwise
best=$(s2ut-generate -m proj.pt --config proj.config.yaml --nbest 10 $w)
test "$(wc -l <<<"$best")" = 10
test "$(s2ut-generate -m proj.pt --config proj.config.yaml --nbest 10 --beam 10 --max-len-a 0.003125 --max-len-b 200 $w)" = "$best"
exits 2 s2ut-generate -m proj.pt --config proj.config.yaml --nbest 11 $w
# 8160 samples: the output ends at the length that they allow
test "$(s2ut-generate -q -m proj.pt --config proj.config.yaml --max-len-a 0.0005 --max-len-b 0 $w | wc -w)" -le 4

# packs: the same defaults, then what the pack says
mkdir pack
cp proj.pt proj.config.yaml proj.dict.txt pack
cp models/es-en-demo/vocoder.* pack
pack() { # SEARCH
	echo '{"files": {"s2ut": "proj.pt", "config": "proj.config.yaml", "vocoder": "vocoder.pt",
		"vocoder_config": "vocoder.json"}, "search": '"$1}" >pack/pack.json
}
pack '{}'
test "$(s2ut-generate --pack pack --nbest 10 $w)" = "$best"
pack '{"beam": 3}'
exits 2 s2ut-generate --pack pack --nbest 4 $w
test "$(s2ut-generate --pack pack --nbest 4 --beam 10 $w)" = "$(head -n 4 <<<"$best")"
s2st-translate --pack pack --prefix '[es]' -o speech.wav --units-out units.txt $w
test "$(cat units.txt)" = "$(s2ut-generate --pack pack --prefix '[es]' $w)"
test -s speech.wav

# insides
s2ut-generate -q -m proj.pt --config proj.config.yaml --features-out f --encoder-out e $w >/dev/null
head -c 80 f/tone.npy | tr -d '\0' | grep -ao '{.*}'
test "$(stat -c %s e/tone.npy)" = "$(stat -c %s $g/xm/proj.tone.enc.npy)"
s2ut-generate -q -m proj.pt --config proj.config.yaml --no-standardize --encoder-out raw $w >/dev/null
! cmp -s e/tone.npy raw/tone.npy

# what does not fit
exits 3 s2st-translate --pack pack --vocoder $g/vocoder/dur.pt --vocoder-config $g/vocoder/dur.json -o speech.wav $w # 28 units
exits 3 s2ut-generate -m proj.pt $w # no dictionary
printf '0 1\n1 1\n' >short.txt
exits 3 s2ut-generate -m proj.pt --dict short.txt $w
printf 'input_channels: 1\n' >fbank.yaml
exits 3 s2ut-generate -m proj.pt --config fbank.yaml --dict proj.dict.txt $w
echo '{"encoder_layers": 2, "encoder_attention_heads": 7}' >w2v.json
exits 3 s2ut-generate -m proj.pt --config proj.config.yaml --w2v-config w2v.json $w
echo '{"encoder_layers": 2, "encoder_attention_heads": 4, "layer_norm_first": true}' >w2v.json
test "$(s2ut-generate -m proj.pt --config proj.config.yaml --w2v-config w2v.json --nbest 10 $w)" = "$best"
exits 3 s2ut-generate -m data/zoo/xm_rope.pt --dict proj.dict.txt $w # rotary positions: how many heads?
s2ut-generate -m data/zoo/xm_rope.pt --dict proj.dict.txt --w2v-config data/zoo/conformer_rope.pt --beam 1 --max-len-b 9 $w
wav 1 16000 300 >short.wav
exits 1 s2ut-generate -m proj.pt --config proj.config.yaml short.wav

echo '--- experts'
cp $g/xm/moe-shared.pt $g/xm/moe-rank-0.pt $g/xm/moe-rank-1.pt $g/xm/moe.config.yaml $g/xm/moe.dict.txt .
s2ut-generate -m moe-shared.pt --config moe.config.yaml --max-len-b 20 $g/audio/austen_a.wav $w
tar -cf moe.tar moe-shared.pt moe-rank-0.pt moe-rank-1.pt
test "$(s2ut-generate -m moe.tar --config moe.config.yaml --max-len-b 20 $w)" = \
	"$(s2ut-generate -m moe-shared.pt --config moe.config.yaml --max-len-b 20 $w)"
s2st-inspect moe.tar | grep -E '^(kind|mixture_layers|experts|rank_files)'
s2st-inspect moe-rank-0.pt | grep -E '^(kind|description)'
s2ut-generate --help | grep -A 5 '^Mixtures'
exits 3 s2ut-generate -m moe-rank-0.pt --config moe.config.yaml $w
mv moe-rank-0.pt gone
exits 3 s2ut-generate -m moe-shared.pt --config moe.config.yaml $w
mv moe-rank-1.pt moe-rank-0.pt
exits 3 s2ut-generate -m moe-shared.pt --config moe.config.yaml $w
tar -cf moe.tar moe-shared.pt
exits 3 s2ut-generate -m moe.tar --config moe.config.yaml $w
