# The option parser: what it accepts, what it refuses and how it says so. No model is opened here.
m=data/golden/s2ut/tied.pt
w=data/golden/audio/tone.wav

exits 2 s2ut-generate --beem 5 -m $m $w
exits 2 s2ut-generate --max-lenb=5 -m $m $w
exits 2 s2ut-generate --temp 1
exits 2 s2ut-generate --wholly-unknown
exits 2 s2ut-generate -x
exits 2 s2ut-generate -beam 5
exits 2 s2ut-generate --beam
exits 2 s2ut-generate --beam five
exits 2 s2ut-generate --beam 5x
exits 2 s2ut-generate --beam ''
exits 2 s2ut-generate --beam ' 5'
exits 2 s2ut-generate --beam 0
exits 2 s2ut-generate --beam 99999999999999999999
exits 2 s2ut-generate --lenpen nan
exits 2 s2ut-generate --lenpen 1e400
exits 2 s2ut-generate --format text
exits 2 s2ut-generate --format unit
exits 2 s2ut-generate --quiet=yes
exits 2 s2ut-generate --no-beam 3
exits 2 s2ut-generate -j -1
exits 2 s2ut-generate --shard 2/2
exits 2 s2ut-generate --shard 1
exits 2 s2ut-generate --shard -1/2
exits 2 s2ut-generate --shard 0/0
exits 2 s2ut-generate --shard 0/2x
exits 2 s2ut-generate --precision fp16 -m $m $w
exits 2 s2ut-generate $w
exits 2 s2ut-generate -m $m --nbest 6 $w
exits 2 s2ut-generate -m $m --force-prefix 2,3 $w
exits 2 s2ut-generate -m $m --force-prefix 2,x --logprobs-out d $w
exits 2 vocode -o out units.txt
exits 2 vocode -m v.pt units.txt
exits 2 vocode -m v.pt -o - --json units.txt
exits 2 vocode -m v.pt -o out --speaker -1 units.txt
exits 2 s2st-translate -o out.wav in.wav
exits 2 s2st-translate --pack models/es-en-demo in.wav
exits 2 s2st-translate --pack models/es-en-demo --transcript -o - in.wav
exits 2 s2st-translate -m models/es-en-demo/s2ut.pt --vocoder models/es-en-demo/vocoder.pt --transcript -o out.wav in.wav
exits 2 s2st-translate --pack models/es-en-demo --json -o - in.wav
exits 2 s2st-inspect
exits 2 s2st-inspect --npy a b c
test -z "$(ls -A | grep -vE '^(data|models)$')" # nothing was written

# The forms in which options may come; the last of several wins.
want=$(s2ut-generate -m $m --beam 3 --max-len-b 4 $w 2>/dev/null)
test "$(s2ut-generate --model=$m --beam=3 --max-len-b=4 $w 2>/dev/null)" = "$want"
test "$(s2ut-generate $w -m$m -qj2 --beam 7 --max-len-b 9 --beam 3 --max-len-b 4)" = "$want"
test "$(s2ut-generate -q --no-quiet -qm $m --beam 3 --max-len-b 4 -- $w)" = "$want"
cp $w ./-tone.wav
test "$(s2ut-generate -qm $m --beam 3 --max-len-b 4 -- -tone.wav)" = "-$want"
