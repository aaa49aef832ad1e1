# --precision bf16 and int8: every tool that runs a network, how close translations stay, and where it is misuse.
pack=models/es-en-demo
es=data/demo/test/es
en=data/demo/test/en
g=data/golden
laser=$g/laser/encoder.pt

bleu() { asr-bleu -q --pack $pack --references data/demo/test/ref.en.txt "$@" | sed -nE 's/^BLEU = ([0-9.]+) .*/\1/p'; }

# ASR-BLEU of the demo within 0.3 of fp32's, all stages reduced
s2st-translate -q --pack $pack -o fp32 $es
want=$(bleu --audio-dir fp32)
for p in bf16 int8; do
	s2st-translate -q --pack $pack --precision $p -o $p $es
	got=$(bleu --audio-dir $p --precision $p)
	awk -v a="$want" -v b="$got" 'BEGIN { exit !(a > 90 && b > a - 0.3 && b < a + 0.3) }' || echo "$p: $got, fp32: $want"
	exits 1 diff -rq fp32 $p >/dev/null # it is another arithmetic
done

echo '17 4 99' >units.txt
# each tool, on any number of threads; -v says what it computes in
for p in bf16 int8; do
	run() { # TOOL ARGUMENTS...: the same for one thread and three
		"$@" --precision $p -j 1 >one.txt
		"$@" --precision $p -j 3 >three.txt
		test -s one.txt
		cmp one.txt three.txt
	}
	run s2ut-generate -q -m $pack/s2ut.pt $es/test00001.flac $es/test00004.flac
	run vocode -q --pack $pack -o - --container raw units.txt
	run s2u-quantize -q --pack $pack $en/test00000.flac $en/test00001.flac
	run asr-transcribe -q --pack $pack $en/test00000.flac
	run speech-embed -q -m $laser --json $en/test00000.flac
	run s2st-inspect --verify $pack
	run speech-lid -q -m $g/mms/lid.pt --dict $g/mms/lid.dict.lang.txt $g/audio/tone.wav $g/audio/austen_a.wav
	run speaker-verify -q -m data/zoo/ecapa.pth $g/audio/austen_a.wav $g/audio/austen_b.wav
	s2u-kmeans -q -m data/golden/hubert/base_like.pt --layer 2 -k 8 --batch-size 64 --precision $p -o $p.npy data/golden/audio
	asr-transcribe -v --pack $pack --precision $p $en/test00000.flac
done
exits 1 cmp -s bf16.npy int8.npy

# decoded together as alone, with a mixture of experts too, and on every CPU with fused multiply-adds
alike() { # TOOL ARGUMENTS...
	"$@" --batch 1 -j 1 >alone.txt
	test -s alone.txt
	for batch in 2 5; do
		"$@" --batch $batch -j 3 | cmp - alone.txt
	done
	[[ $kernels != avx* ]] || S2ST_ISA=avx2 "$@" -j 1 | cmp - alone.txt
}
kernels=$(asr-transcribe -v --pack $pack $en/test00000.flac 2>&1 >/dev/null | sed -n 's/.* threads, \(.*\) kernels.*/\1/p')
test -n "$kernels"
for p in bf16 int8; do
	alike s2ut-generate -q --pack $pack --precision $p --nbest 3 $es/test0000[0-4].flac
	alike s2ut-generate -q -m $g/xm/moe-shared.pt --config $g/xm/moe.config.yaml --dict $g/xm/moe.dict.txt \
		--precision $p --nbest 3 --max-len-b 20 $g/audio/*_a.wav $g/audio/*_b.wav $g/audio/tone.wav
done

# where no network runs it could only be ignored, so it is refused
exits 2 s2st-inspect --precision bf16 $pack/s2ut.pt
exits 2 s2u-quantize --precision int8 -k $pack/km.bin --export-npy km.npy
exits 2 s2u-quantize --precision bf16 --feature-type mfcc --features-out f.npy $en/test00000.flac
exits 2 s2u-kmeans --precision int8 -k 8 -o km.npy bf16.npy
exits 2 asr-bleu --precision int8 --from-transcripts data/demo/test/ref.en.txt --references data/demo/test/ref.en.txt
exits 2 vocode --precision fp16 --pack $pack -o - </dev/null
exits 2 speech-mine --precision bf16 a.npy b.npy
exits 2 s2st-manifest --precision int8 --from pairs x.tsv -o y.tsv
exits 2 s2st-report --precision int8 out
