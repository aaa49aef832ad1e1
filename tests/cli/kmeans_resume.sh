# s2u-kmeans --resume: what is done is known by its record, what was stopped is gone on with where it is of the same.
g=data/golden
m=$g/hubert/base_like.pt
t='s2u-kmeans -q --resume --batch-size 64 --n-init 2'
# again COMMAND...: does it make $out anew?
again() {
	touch -d @0 $out
	local status=0
	"$@" || status=$?
	[ "$(stat -c %Y $out)" = 0 ] && echo 'as it was' || echo 'made again'
	return $status
}
swap() { mv all.npy tmp.npy && mv other.npy all.npy && mv tmp.npy other.npy; }

echo '--- of features: the same, whatever is said about it and by how many threads'
s2u-quantize -m $m --layer 2 --features-out all.npy $g/audio
out=km.npy
train="$t -o km.npy all.npy"
$train -k 8
again $train -k 8
again $train -k 8 -j 3 --no-quiet --save-every 5
again s2u-kmeans -k 8 --batch-size 64 --n-init 2 --resume -v -o km.npy all.npy 2>messages
grep -c 'is done' messages
touch -d @0 km.npy
$train -k 8 --json | cmp - km.json
test "$(stat -c %Y km.npy)" = 0
echo '--- other options, features, a lost or other file'
again $train -k 7
again $train -k 7 --seed 1
again $train -k 7 --seed 1 --max-iter 99
s2u-quantize -m $m --layer 1 --features-out other.npy $g/audio
cp all.npy kept.npy
cp other.npy all.npy
again $train -k 7 --seed 1 --max-iter 99
s2u-kmeans -q -k 7 --batch-size 64 --n-init 2 --seed 1 --max-iter 99 -o fresh.npy other.npy
cmp km.npy fresh.npy
again $train other.npy -k 7
again $t -o km.npy other.npy all.npy -k 7
swap # of equal contents by now
again $t -o km.npy other.npy all.npy -k 7
cp kept.npy all.npy
again $t -o km.npy other.npy all.npy -k 7
swap
again $t -o km.npy other.npy all.npy -k 7
rm km.json
again $t -o km.npy other.npy all.npy -k 7
head -c 100 fresh.npy >km.npy
again $t -o km.npy other.npy all.npy -k 7
swap
echo '--- made without --resume, there is no record'
s2u-kmeans -q -k 7 -o plain.npy all.npy
out=plain.npy
again s2u-kmeans -q --resume -k 7 -o plain.npy all.npy

echo '--- of audio: the same, another layer, changed audio, a part of it, audio that failed'
mkdir in
cp $g/audio/*.wav in
out=audio.npy
train="$t -k 8 -m $m -o audio.npy in"
$train --layer 2
again $train --layer 2
again $train --layer 1
cp in/tone.wav in/austen_b.wav
again $train --layer 1
again $train --layer 1
again $train --layer 1 --fraction 0.5
echo 'no audio' >in/bad.wav
exits 1 $train --layer 1
exits 1 again $train --layer 1
exits 2 $t -k 8 -m $m --layer 1 -o audio.npy - <in/tone.wav
rm in/bad.wav
echo '--- with features that are kept: lost, of changed audio, without the audio that failed'
train="$train --layer 1 --features-out features.npy"
$train
again $train
rm features.npy
again $train
cp $g/audio/austen_b.wav in
exits 1 $train
rm features.npy
echo 'no audio' >in/bad.wav
exits 1 $train
exits 1 $train -k 7
rm in/bad.wav features.npy
again $train -k 7

# stopped COMMAND...: a training that is stopped after its first steps; it cannot end before, nobody reads what it says
stopped() {
	mkfifo said
	"$@" -v 2>said &
	exec 5<said
	while read -r line <&5 && [[ $line != *': step '* ]]; do :; done
	kill -TERM $!
	cat <&5 >rest
	exec 5<&-
	rm said
	exits 143 wait $!
}
echo '--- stopped: gone on with, to the same centroids'
long='s2u-kmeans -k 2 --batch-size 16 --n-init 2 --max-no-improvement 0 --save-every 0 --max-iter 10000'
$long -q -o whole.npy all.npy
stopped $long -o stop.npy all.npy
echo "${line%% of *}"
test -s stop.state
test ! -e stop.npy
exits 1 $long -o stop.npy all.npy
echo '--- of other options, of other features of that shape: refused'
go="$long --resume -q -o stop.npy"
exits 1 $go -k 3 all.npy
exits 1 $go --seed 3 all.npy
exits 1 $go --tol 0.5 all.npy
exits 1 $go --max-iter 9999 all.npy
exits 1 $go --batch-size 17 all.npy
exits 1 $go other.npy
$long --resume -v -j 2 -o stop.npy all.npy 2>&1 | grep -oE 'going on after step|all steps are done'
cmp stop.npy whole.npy
cmp stop.json whole.json
test ! -e stop.state
out=stop.npy
again $go all.npy
echo '--- of audio, stopped twice'
long="$long -m $m --layer 2"
stopped $long -o audio2.npy $g/audio
ls audio2.*
exits 1 $long -q -o audio2.npy $g/audio
stopped $long --resume -o audio2.npy $g/audio
exits 1 $long -q --resume -o audio2.npy in/tone.wav
$long -q --resume -o audio2.npy $g/audio
cmp audio2.npy whole.npy
ls audio2.*
