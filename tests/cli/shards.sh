# A folder in parts: the recipes for GNU parallel and Slurm give the bytes of one process.
# Slurm's three daemons run here for the time of the test, which takes root.
pack=models/es-en-demo
top=$(dirname "$(readlink -f models)")
mkdir -p in/sub
for i in 0 1 2 3 4 5 6; do wav 1 16000 $((2000 + 1000 * i)) >in/$i.wav; done
wav 1 16000 5000 >in/sub/0.wav
translate=(s2st-translate -q -j 1 --pack "$PWD/$pack" --beam 1 --max-len-b 9 -r)
"${translate[@]}" --report whole.jsonl -o whole in
no_times() { sed -E 's/"seconds": .*//; s:"output"\: "[a-z]*/:"output"\: ":; s:"[^"]*/in/:"in/:' "$1"; }

echo '--- parts by hand: every input once'
for i in 0 1 2; do "${translate[@]}" --shard $i/3 --report part$i.jsonl -o parts in; done
diff -r -x '.s2st-state*' whole parts
cat part?.jsonl >parts.jsonl
diff <(no_times whole.jsonl) <(no_times parts.jsonl)

echo '--- GNU parallel'
if command -v parallel >/dev/null; then
	"$top/scripts/parallel/shards.sh" -n 3 -j 2 --report parallel.jsonl -- "${translate[@]}" -o parallel in
	diff -r -x '.s2st-state*' whole parallel
	diff <(no_times whole.jsonl) <(no_times parallel.jsonl)
	ls -A | grep shards- || true
else
	echo 'GNU parallel is not installed: its recipe is not tested' >&2
fi

skip_slurm() {
	echo "Slurm's recipe is not tested: $1" >&2
	exit 77
}
[ "$(id -u)" -eq 0 ] || skip_slurm 'its daemons take root'
for program in munged slurmctld slurmd sbatch; do
	PATH=$PATH:/usr/sbin command -v $program >/dev/null || skip_slurm "$program is not installed (slurm-wlm, munge)"
done
PATH=$PATH:/usr/sbin

# Everything of the cluster lies in a folder with a short name: sockets have short paths.
cluster=$(mktemp -d /tmp/s2st-slurm-XXXXXX)
started=()
stop() {
	local i
	for ((i = ${#started[@]} - 1; i >= 0; i--)); do kill "${started[i]}" 2>/dev/null || true; done
	wait 2>/dev/null || true
	[ ! -e failed ] || tail -n 20 "$cluster"/*.log >&2 || true
	rm -rf "$cluster"
}
trap stop EXIT
chmod 755 "$cluster"
mkdir "$cluster/state" "$cluster/spool"
head -c 1024 /dev/urandom >"$cluster/munge.key"
chmod 600 "$cluster/munge.key"
munged --foreground --force --socket="$cluster/munge.socket" --key-file="$cluster/munge.key" \
	--pid-file="$cluster/munge.pid" --log-file="$cluster/munge.log" --seed-file="$cluster/munge.seed" \
	>"$cluster/munged.log" 2>&1 &
started+=($!)
port=$((20000 + 2 * ($$ % 5000))) # and the next
cat >"$cluster/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$cluster/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1,batch_sched_delay=0
SlurmctldPort=$port
SlurmdPort=$((port + 1))
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd.pid
SlurmctldLogFile=$cluster/slurmctld.log
SlurmdLogFile=$cluster/slurmd.log
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$cluster/slurm.conf
until [ -S "$cluster/munge.socket" ]; do sleep 0.1; done
slurmctld -D >"$cluster/ctl.log" 2>&1 &
started+=($!)
slurmd -D >"$cluster/node.log" 2>&1 &
started+=($!)
touch failed
idle=
for ((i = 0; i < 300; i++)); do
	case $(sinfo -h -o %T 2>/dev/null) in
	idle*) idle=1; break ;;
	esac
	sleep 0.2
done
if [ -z "$idle" ]; then
	echo "Slurm's node did not come up" >&2
	exit 1
fi

echo '--- Slurm: an array of 4 tasks'
"$top/scripts/slurm/submit.sh" -n 4 --report slurm.jsonl --wait -- "${translate[@]}" -o slurm in >/dev/null
diff -r -x '.s2st-state*' whole slurm
diff <(no_times whole.jsonl) <(no_times slurm.jsonl)
ls slurm.jsonl.parts/log

echo '--- a task that is cut off is tried again'
flaky_tool flaky
"$top/scripts/slurm/submit.sh" -n 4 --report again.jsonl --wait -- "$PWD/flaky" "${translate[@]:1}" -o again in >/dev/null
ls -d cut
diff -r -x '.s2st-state*' whole again
diff <(no_times whole.jsonl) <(no_times again.jsonl)
grep -h -o 'try . of 2 ended with status .*' again.jsonl.parts/log/[0-9].log

echo '--- a bad input: its part is tried again and says so, the others are done'
echo 'no audio' >in/3b.wav
exits 1 "$top/scripts/slurm/submit.sh" -n 4 --report slurm2.jsonl --wait -- "${translate[@]}" -o slurm2 in >/dev/null
diff -r -x '.s2st-state*' whole slurm2
grep -c '"status": "failed"' slurm2.jsonl
cat slurm2.jsonl.parts/log/merge.log | sed 's:see .*:see FILE:'
cat slurm2.jsonl.parts/log/[0-9].log | grep -o 'try . of 2 ended with status .'
rm failed
