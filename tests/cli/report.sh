# s2st-report: what is in the page, and what cannot be put into one. How it looks is in report_page.sh.
data() { sed -n '/id="data"/,/<\/script>/p' "$1" | sed '1d;$d'; }

echo "--- a run of three, one of which failed"
mkdir -p 'my in' out
wav 1 16000 16000 >'my in/a#1%.wav'
wav 2 22050 11025 >'my in/b.wav'
wav 1 16000 8000 >out/a.wav
cat >out/report.jsonl <<'END'
{"input": "my in/a#1%.wav", "id": "a", "output": "out/a.wav", "status": "done", "reason": null, "seconds": 0.5, "audio_seconds": 1.0, "x_real_time": 2.0}
{"input": "my in/b.wav", "id": "b", "output": null, "status": "failed", "reason": "no units </script><b>", "seconds": 0.1, "audio_seconds": 0.5, "x_real_time": null}
{"input": "gone.wav", "id": "c", "output": null, "status": "failed", "reason": "gone.wav: cannot open", "seconds": 0, "audio_seconds": 0, "x_real_time": null}
END
cat >out/results.jsonl <<'END'
{"id": "a", "source": "my in/a#1%.wav", "output": "out/a.wav", "units": [3, 1, 4], "durations": [5, 10, 10], "score": -0.125, "transcript": "so \"it\" is"}

{"id": "a", "score": 61.5, "hypothesis": "so it is", "reference": "so is it"}
{"no": "id"}
END
s2st-report out/
data out/report.html | sed -E 's/"levels": "[^"]*"/LEVELS/g'
grep -c '</script' out/report.html

echo "--- a picture has a level for each of its cells"
data out/report.html | sed -n 2p | grep -o '"levels": "[^"]*"' | awk '{ print length($2) - 2 }'

echo "--- elsewhere, with other files, with attention"
mkdir -p pages/deep maps
s2ut-generate -m data/golden/s2ut/pre_norm.pt --encoder-out maps data/golden/audio/tone.wav >/dev/null
mv maps/tone.npy maps/a.npy
s2st-report out out/results.jsonl --attention maps -o pages/deep/page.html
data pages/deep/page.html | sed -E 's/"levels": "[^"]*"/LEVELS/g' | sed -n 2p

echo "--- only audio"
mkdir only
cp out/a.wav 'only/é x.wav'
s2st-report only
data only/report.html | sed -E 's/"levels": "[^"]*"/LEVELS/g'

echo "--- nothing at all"
mkdir none
exits 1 s2st-report none
exits 2 s2st-report
exits 1 s2st-report nowhere
exits 1 s2st-report out -o no/page.html
exits 1 s2st-report out missing.jsonl
echo '{"id": "a", "units": [1, "x"]}' >bad.jsonl
exits 1 s2st-report out bad.jsonl
printf '{"id": "a"}\n{"id":\n' >bad.jsonl
exits 1 s2st-report out bad.jsonl
echo '[1]' >bad.jsonl
exits 1 s2st-report out bad.jsonl
gzip -c out/results.jsonl | head -c 60 >bad.jsonl
exits 1 s2st-report out bad.jsonl

echo "--- a file that cannot be shown is named, the page has the others"
echo '{"id": "d", "output": "out/d.wav"}' >extra.jsonl
echo noise >out/d.wav
exits 1 s2st-report out
exits 1 s2st-report --overwrite out out/report.jsonl extra.jsonl
data out/report.html | wc -l
