# --help: on stdout, exit 0, every option that scripts rely on with its default; --version.
common='--help --version --quiet --verbose --jobs --shard --resume --json --precision --pack --output --report'

offers() { # TOOL OPTION...
	local tool=$1 option help
	shift
	help=$("$tool" --help)
	for option in $common "$@"; do
		grep -qE -- "^  +(-., )?$option( |\$)" <<<"$help" || echo "$tool --help does not list $option"
	done
	# what can be set shows what it is
	awk -v tool="$tool" '
		/^ +(-., )?--[a-z]/ && !/--(help|version)/ { if (!shown) print tool " --help: no default: " last; last = $0; shown = 0 }
		/\[[^ ]*\]$/ { shown = 1 }
		BEGIN { shown = 1 }
		END { if (!shown) print tool " --help: no default: " last }' <<<"$help"
	test "${#help}" -gt 500
	awk -v tool="$tool" 'length($0) > 105 { print tool " --help: a long line: " $0 }' <<<"$help"
}

for tool in asr-bleu asr-transcribe s2ut-generate vocode s2u-quantize s2u-kmeans s2st-translate s2st-inspect \
	speech-embed speech-lid speech-mine speaker-verify s2st-report s2st-manifest; do
	$tool --version
	test "$($tool -h)" = "$($tool --help)"
	test "$($tool --help --beam)" = "$($tool --help)" # before it looks at what follows
done
search='--model --config --dict --w2v-config --standardize --beam --max-len-a --max-len-b --min-len --lenpen --unkpen --temperature --no-repeat-ngram --prefix'
voice='--dur-prediction --speaker --seed --sample-format --container'
# shellcheck disable=SC2086
{
	offers s2ut-generate $search --nbest --format --features-out --encoder-out --force-prefix --logprobs-out --attention-out --order
	offers vocode --model --config $voice
	offers s2st-translate $search $voice --vocoder --units-out --transcript
	offers asr-bleu --audio-dir --references --reference-column --from-transcripts --tokenize --lowercase --smooth \
		--normalize --transcripts-out --min-bleu --baseline --per-sentence --allow-missing --lang --models --dict \
		--asr-lang
	offers asr-transcribe --model --dict --format --logits-out --words --letters --lowercase --post-process \
		--beam --lm --lm-weight --word-score --lang --langs --list-langs
	offers s2u-quantize --model --layer --kmeans --feature-type --channel --format --reduce --durations --hide-fname \
		--compat-names --features-out --export-npy --strict --layer-weights --pool
	offers s2u-kmeans --clusters --batch-size --n-init --max-iter --tol --max-no-improvement --reassignment-ratio --seed \
		--fraction --model --layer --feature-type
	offers s2st-inspect --npy --verify
	offers s2st-report --attention
	offers s2st-manifest --from --source-lang --target-lang --threshold --split --audio-root --units --source-units \
		--format --clusters --targets-out --audio-out --normalize
	offers speech-embed --model --recursive --audio-root
	offers speech-lid --model --dict --format --top
	offers speaker-verify --model --threshold
	offers speech-mine --neighbours --margin --retrieval --threshold --max-overlap --overlap-side \
		--index --index-type --probes
}
s2ut-generate --beam 7 --help | grep -e '--beam N' # the current default
s2ut-generate --help | sed -n 1p
