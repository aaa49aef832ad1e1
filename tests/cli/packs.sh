# pack.json: what is refused. A pack names files in its own folder only, and settings that exist.
w=data/golden/audio/tone.wav
try() { # PACK.JSON on stdin
	cat >pack/pack.json
	exits 3 s2st-translate --pack pack -o out.wav $w
}
mkdir pack
cp data/golden/s2ut/tied.pt data/golden/vocoder/dur.pt data/golden/vocoder/dur.json pack
exits 3 s2st-translate --pack pack -o out.wav $w
exits 3 s2st-translate --pack nowhere -o out.wav $w
try <<<'{'
try <<<'[]'
try <<<'{"files": []}'
try <<<'{"files": {"s2ut": 3}}'
try <<<'{"files": {"s2ut": "../tied.pt"}}'
try <<<'{"files": {"s2ut": "/etc/passwd"}}'
try <<<'{"files": {"s2ut": "x/../../tied.pt"}}'
try <<<'{"files": {"s2ut": ""}}'
try <<<'{"files": {"s2ut": "missing.pt"}}'
try <<<'{"files": {"s2ut": "tied.pt"}, "search": {"beem": 5}}'
try <<<'{"files": {"s2ut": "tied.pt"}, "search": {"beam": 0}}'
try <<<'{"files": {"s2ut": "tied.pt"}, "search": {"beam": "many"}}'
try <<<'{"files": {"s2ut": "tied.pt"}, "vocoder": {"dur_prediction": "maybe"}}'
try <<<'{"files": {"s2ut": "tied.pt"}, "units": {"k": -1}}'
try <<<'{"files": {"s2ut": "tied.pt", "vocoder": "dur.pt", "vocoder_config": "dur.json"}, "units": {"k": 26}}'
try <<<'{"files": {"s2ut": "tied.pt", "vocoder": "dur.pt", "vocoder_config": "dur.json"}}' # 26 units, 25 embeddings
cat >pack/pack.json <<<'{"files": {"s2ut": "tied.pt"}}'
exits 2 s2st-translate --pack pack -o out.wav $w # no vocoder
test ! -e out.wav

# What the pack recommends, and what the user says over it.
cat >pack/pack.json <<<'{"files": {"s2ut": "tied.pt"}, "units": {"k": 26}, "search": {"beam": 2, "max_len_b": 4}}'
test "$(s2ut-generate -q --pack pack $w)" = "$(s2ut-generate -q -m pack/tied.pt --beam 2 --max-len-b 4 $w)"
test "$(s2ut-generate -q --pack pack --max-len-b 200 $w)" = "$(s2ut-generate -q -m pack/tied.pt --beam 2 $w)"
test "$(s2ut-generate -q --pack pack $w)" != "$(s2ut-generate -q --pack pack --max-len-b 200 $w)"

# encoder, centroids and vocoder of a pack
g=data/golden
mkdir units
cp $g/hubert/base_like.pt units/hubert.pt
cp $g/kmeans/km.bin units/
cp $g/vocoder/dur.pt units/vocoder.pt
units() { # LAYER K KMEANS OTHERS
	echo "{\"units\": {\"layer\": $1, \"k\": $2}, \"files\": {\"encoder\": \"hubert.pt\", \"kmeans\": \"$3\"$4}}" >units/pack.json
}
units 2 24 km.bin ''
s2st-inspect units | grep '^units' >/dev/null
units 2 50 km.bin ''
exits 3 s2st-inspect units
units 4 24 km.bin ''
exits 3 s2st-inspect units
units 2 0 km.bin ', "vocoder": "vocoder.pt"'
exits 3 s2st-inspect units
cp data/joblib/array.bin units
units 2 3 array.bin ''
exits 3 s2st-inspect units
