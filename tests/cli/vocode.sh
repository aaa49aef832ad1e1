# vocode: names of outputs, sample counts, formats, speakers.
v=data/golden/vocoder
sizes() { stat -c '%n %s' "$@"; }

echo '--- by number'
printf '16\n0 10 2 22 20 12 18\n' >units.txt
vocode -m $v/dur.pt --dur-prediction -o by/number --json units.txt
sizes by/number/*
echo '--- by name, one frame a unit'
printf 'a|16\nb.wav|0 10 2 22 20 12 18\nc d|3 3 3 8 -1 8 4\n' | vocode -m $v/dur.pt -o named/ --json
sizes named/*
echo '--- what fairseq-generate printed'
printf 'T-7\t1 2\nH-7\t-0.5\t16 3\nD-7\t-0.5\t16 3\nP-7\t-0.1 -0.2 -0.3\nD-2\t-0.5\t4\nGenerate test with beam=5: BLEU4 = 1\n' >gen.txt
vocode -m $v/dur.pt -o gen gen.txt
sizes gen/*
echo '--- speakers'
vocode -m $v/multispkr.pt --dur-prediction --speaker 1 -o spk --json <<<'0 10 2 22 20 12 18'
vocode -m $v/multispkr.pt -o spk <<<'0 10'
vocode -m $v/multispkr.pt --speaker random --seed 4 -o rnd1 units.txt
vocode -m $v/multispkr.pt --speaker random --seed 4 -o rnd2 units.txt
diff -r -x '.s2st-state*' rnd1 rnd2
sizes spk/*
exits 2 vocode -m $v/multispkr.pt --speaker 99 -o no units.txt
exits 2 vocode -m $v/dur.pt --speaker 1 -o no units.txt
exits 2 vocode -m $v/no_dur.pt --dur-prediction -o no units.txt
exits 2 vocode -m $v/dur.pt --f0 f0.npy -o no units.txt
exits 2 vocode -m $v/dur.pt --speaker-embed x.npy -o no units.txt

# one file, stdout, sample formats: the same samples everywhere
vocode -m $v/dur.pt -o one.wav <<<'4 8'
vocode -m $v/dur.pt -o - <<<'4 8' >raw
vocode -m $v/dur.pt -o - --container wav <<<'4 8' >piped.wav
vocode -m $v/dur.pt -o one.raw --container raw <<<'4 8'
vocode -m $v/dur.pt -o f.wav --sample-format float <<<'4 8'
cmp one.wav piped.wav
cmp raw one.raw
tail -c +45 one.wav | cmp - raw
test "$(stat -c %s raw)" = $((2 * 320 * 2))
test "$(stat -c %s f.wav)" -ge $((2 * 320 * 4 + 44))
printf '4 8\n16\n' | vocode -m $v/dur.pt -o - >both
{ cat raw; vocode -m $v/dur.pt -o - <<<'16'; } | cmp - both

# parts of the lines; names do not depend on the part
printf '1\n2\n3\n4\n5\n' >five.txt
for i in 0 1; do vocode -m $v/dur.pt --shard $i/2 -o shards five.txt; done
vocode -m $v/dur.pt -o whole five.txt
diff -r -x '.s2st-state*' shards whole
exits 1 bash -c 'cat five.txt | vocode -m '$v'/dur.pt --shard 0/2 -o no -'
# --resume does what is missing and nothing else
rm whole/3_pred.wav
echo old >whole/1_pred.wav
before=$(stat -c %i whole/2_pred.wav)
vocode -m $v/dur.pt --resume -o whole five.txt
test "$(stat -c %i whole/2_pred.wav)" = "$before"
cmp whole/3_pred.wav shards/3_pred.wav
cmp whole/1_pred.wav shards/1_pred.wav
test ! -e no
