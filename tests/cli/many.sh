# Folders of many files: outputs, lines, messages and the report are the same for any number of workers.
pack=models/es-en-demo
mkdir in
for i in 00 01 02 03 04 05 06 07 08 09 10 11; do
	case $i in
	03) echo 'no audio' >in/$i.wav ;;
	07) wav_header 1 16000 0 >in/$i.wav ;;
	*) wav 1 $((8000 + 8000 * (10#$i % 2))) $((2000 + 3000 * (10#$i % 4))) >in/$i.wav ;;
	esac
done
ln -s nowhere in/10b.wav

for j in 1 2 5; do
	exits 1 s2st-translate -j $j --pack $pack --max-len-b 9 --units-out units$j.txt --report report$j.jsonl -o out$j in 2>err$j
	exits 1 s2ut-generate -j $j --pack $pack --max-len-b 9 in >lines$j.txt 2>>err$j
	exits 1 s2u-quantize -j $j --pack $pack --format km in >km$j.txt 2>>err$j
done
diff -r -x '.s2st-state*' out1 out2
diff -r -x '.s2st-state*' out1 out5
for j in 2 5; do
	cmp units1.txt units$j.txt
	cmp lines1.txt lines$j.txt
	cmp km1.txt km$j.txt
	diff err1 err$j
done
for b in 1 2 7; do
	exits 1 s2st-translate -j 2 --batch $b --pack $pack --max-len-b 9 --overwrite --units-out units.txt -o batch$b in 2>err
	exits 1 s2ut-generate -j 1 --batch $b --pack $pack --max-len-b 9 in >lines.txt 2>>err
	diff -r -x '.s2st-state*' out1 batch$b
	cmp units1.txt units.txt
	cmp lines1.txt lines.txt
	grep -v '^s2u-quantize' err1 | diff - err
done
rm batch2/05.wav # done again, between others that are there
exits 1 s2st-translate --resume --pack $pack --max-len-b 9 -o batch2 in 2>err
diff -r -x '.s2st-state*' out1 batch2
wc -l <units1.txt
wc -l <km1.txt
cat err1

# seconds differ from run to run
sed -E 's/"seconds": .*, "audio_seconds"/"audio_seconds"/; s/, "x_real_time": [0-9.]+\}/, "x_real_time": N}/' report1.jsonl >report
for j in 2 5; do
	sed -E 's/"seconds": .*, "audio_seconds"/"audio_seconds"/; s/, "x_real_time": [0-9.]+\}/, "x_real_time": N}/' report$j.jsonl |
		sed "s:out$j/:out1/:" | diff report -
done
cat report

# unit lines in another order of work
for j in 1 4; do
	vocode -j $j --pack $pack -o - units1.txt >$j.raw
done
cmp 1.raw 4.raw
exits 1 s2st-translate --pack $pack --report missing/report.jsonl -o new in
ls new
