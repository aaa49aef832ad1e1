# Trees with what cannot be read, and with links that lead round and round: the rest is done, what is lost is said.
pack=models/es-en-demo
mkdir -p in/secret in/listed/sub in/a/b
for f in in/a.wav in/a/b/x.wav in/secret/lost.wav in/listed/lost.wav in/listed/sub/lost.wav; do
	wav 1 16000 2000 >$f
done
translate() { s2st-translate -q --pack $pack --beam 1 --max-len-b 9 "$@"; }

echo '--- links'
mkdir round
cp in/a.wav round
ln -s . round/again
translate -o once -r round
(cd once && echo *)
ln -s ../.. in/a/b/up
ln -s . in/a/here
ln -s self in/a/self
ln -s self.wav in/a/self.wav
ln -s two in/one
ln -s one in/two
ln -s nowhere in/a/nowhere
ln -s ../a/b in/secret/again
exits 1 translate -o links -r in
(cd links && find . -name '*.wav' | sort)
rm in/a/self.wav

echo '--- folders that cannot be read'
if ! can_bind; then
	echo 'modes of files bind nobody here: what becomes of folders that cannot be read is not tested' >&2
	exit 77
fi
chmod 0 in/secret
chmod 444 in/listed
ln -s secret in/secret.wav
cp -r in/a secret
translate() { bound s2st-translate -q --pack $pack --beam 1 --max-len-b 9 "$@"; }
exits 1 translate --report report.jsonl -o out -r in
(cd out && find . -name '*.wav' | sort)
sed -E 's/("seconds").*/\1/' report.jsonl
exits 1 translate --dry-run -o new -r in
echo '--- resumed when they can'
chmod 755 in/secret in/listed
rm in/secret.wav
translate --resume --report again.jsonl -o out -r in
sed -E 's/.*("id": "[^"]*").*("status": "[a-z]*").*/\1 \2/' again.jsonl
echo '--- one of several folders'
chmod 0 in/secret
exits 1 translate -o several in/a/b in/secret
ls several
exits 1 translate -o nothing -r in/secret
exits 1 bound s2ut-generate -q --pack $pack --beam 1 --max-len-b 9 -r in/secret in/a/b
chmod 755 in/secret
