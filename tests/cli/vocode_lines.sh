# Lines that are no units fail alone; names that come twice stop the run before it starts.
v=data/golden/vocoder/dur.pt
printf '1 2\n\n3 x\n4 99\nname|\n|5\na/../b|5\n2147483648\n6 7\n' >bad.txt
exits 1 vocode -m $v -o out bad.txt
ls out
printf '1\0002\n3\n' >nul.txt
exits 1 vocode -m $v -o nul nul.txt
ls nul
printf 'a|1\nb|2\na|3\nc|4\n' >twice.txt
exits 1 vocode -m $v -o twice twice.txt
test ! -e twice
exits 1 bash -c 'cat twice.txt | vocode -m '$v' -o piped' # found when it comes
ls piped
printf 'a|1\na.wav|2\n' >twice2.txt
exits 1 vocode -m $v -o twice twice2.txt
: >empty.txt
vocode -m $v -o none empty.txt
exits 1 vocode -m $v -o some missing.txt bad.txt empty.txt . 2>&1 | head -n 2
exits 2 vocode -m $v -o one.wav bad.txt
exits 1 bash -c "printf '1\n2\n' | vocode -m $v -o one.wav"
test ! -e one.wav
