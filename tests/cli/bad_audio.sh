# Audio that cannot be used fails alone and says why; odd audio is used.
m=data/golden/s2ut/tied.pt
cp data/golden/audio/tone.wav good.wav
: >empty.wav
wav_header 1 16000 0 >no_samples.wav
wav 1 16000 399 >too_short.wav
{ wav_header 1 16000 32000 3 32; head -c 16000 /dev/zero; printf '\x00\x00\xc0\x7f'; head -c 15996 /dev/zero; } >nan.wav
echo 'this is no audio' >text.wav
head -c 20 good.wav >stub.wav
mkdir folder.wav

exits 1 s2ut-generate -m $m empty.wav no_samples.wav too_short.wav nan.wav text.wav stub.wav missing.wav good.wav
exits 1 s2ut-generate -q -m $m missing.wav good.wav missing2.wav

# 8 channels, rates from 8 to 192 kHz
wav 1 16000 16000 >mono.wav
wav 8 16000 16000 >eight.wav
wav 1 8000 8000 >slow.wav
wav 1 192000 192000 >fast.wav
wav 2 44100 44100 >stereo.wav
want=$(s2ut-generate -q -m $m mono.wav)
test "mono${want#mono}" = "$want"
test "$(s2ut-generate -q -m $m eight.wav)" = "eight${want#mono}" # equal channels: their mean is each of them
s2ut-generate -m $m eight.wav slow.wav fast.wav stereo.wav | sed 's/|.*[0-9]$/|units/'
s2ut-generate -v -m $m slow.wav fast.wav stereo.wav >/dev/null

exits 1 s2ut-generate -m $m - <empty.wav >/dev/null
exits 1 s2ut-generate -m $m - <nan.wav
