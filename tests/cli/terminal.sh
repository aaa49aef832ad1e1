# What only a terminal sees: results that are no text are refused, the progress bar, errors between its states.
if ! script -qec true /dev/null </dev/null >/dev/null 2>&1; then
	echo "no terminal can be made here (script from util-linux, /dev/pts)"
	exit 77
fi
m=data/golden/s2ut/tied.pt
v=data/golden/vocoder/dur.pt
w=data/golden/audio/tone.wav
echo '1 2 3' >units.txt

on_terminal() { script -qefc "$1" /dev/null </dev/null | tr -d '\r' | head -n 1 || true; }
on_terminal "vocode -m $v -o - units.txt"
on_terminal "s2st-inspect --npy decoder.embed_tokens.weight $m"
# The bar moves ten times a second at most: its last state comes up on slow machines only.
script -qefc "s2ut-generate -j 1 --batch 1 -m $m -o units.bar $w missing.wav" /dev/null </dev/null | tr '\r\033' '\n^' |
	sed '/2\/2 done/d; s/[0-9.]* x real time/N x real time/; s/[0-9]*:[0-9]* left/T left/' || true # missing.wav fails
cat units.bar
