# What does not grow: memory with the length of a list, and the memory of weights with the number of processes.
pack=models/es-en-demo

echo '--- lists of 40 MB, names and all, in less memory than they take'
long=$(printf 'x%.0s' {1..780})
awk -v long="$long" 'BEGIN { print "/audio"; for (i = 0; i < 50000; i++) printf "%s-%d.wav\t16000\n", long, i }' >list.tsv
awk -v long="$long" 'BEGIN { for (i = 0; i < 50000; i++) printf "%s-%d|7 12 7\n", long, i }' >list.units
tool=$(sed -n 's/^exec .*"\(.*\)" "\$@"$/\1/p' "$(command -v s2ut-generate)")
limit=48000 # KiB of addresses, of which programs, libraries and the pack's models take 25,000
if [ -n "${S2ST_TEST_PREFIX:-}" ] || grep -q -a -e __asan_init -e __tsan_init "$tool"; then
	limit=unlimited # the checkers' own memory comes to terabytes
fi
dry() {
	(ulimit -v $limit && exec "$@" --dry-run) | tail -n 1 | sed "s/$long/NAME/g"
}
dry s2st-translate -j 1 --pack $pack -o out list.tsv
dry s2ut-generate -j 1 --pack $pack list.tsv
dry s2u-quantize -j 1 --pack $pack list.tsv
dry asr-transcribe -j 1 --pack $pack list.tsv
dry speech-embed -j 1 -m data/golden/laser/encoder.pt -o out.npy list.tsv
dry vocode -j 1 --pack $pack -o out list.units

echo '--- three processes with one model'
wav 1 16000 8000 >a.wav
mkfifo feed.{1,2,3}
pids=() feeds=()
for i in 1 2 3; do
	s2ut-generate -q -j 1 -m $pack/s2ut.pt --config $pack/config.yaml --max-len-b 9 - <feed.$i >out.$i &
	pids+=($!)
	exec {feed}>feed.$i
	feeds+=("$feed")
	echo a.wav >&"$feed"
done
# Each says what it made of the one path that it has got, before the pipe ends.
for i in 1 2 3; do
	tries=0
	until [ -s out.$i ]; do
		kill -0 "${pids[i - 1]}" # has it ended?
		[ $((tries += 1)) -lt 2000 ] # minutes
		sleep 0.05
	done
done
# KiB of a field of the mapped checkpoint, a line a process
mapped() {
	local pid
	for pid in "${pids[@]}"; do
		awk -v field="$1:" '/^[0-9a-f]+-/ {mine = /s2ut.pt$/} mine && $1 == field {n += $2} END {print n + 0}' "/proc/$pid/smaps"
	done
}
size=$(($(stat -L -c %s $pack/s2ut.pt) / 1024))
mapped Rss | awk -v size=$size '{print ($1 > size / 2) ? "reads the weights where they lie in the file" : "has " $1 " KiB of " size}'
mapped Pss | awk -v size=$size '{n += $1} END {print (n <= size + 8) ? "all of them have the weights once" : n " KiB of " size}'
mapped Private_Dirty | sort -u
for feed in "${feeds[@]}"; do exec {feed}>&-; done
wait
cmp out.1 out.2
cmp out.1 out.3
