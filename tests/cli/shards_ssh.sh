# A folder in parts on two machines through GNU parallel's --sshlogin gives the bytes of one process, also where a part
# is cut off. Both machines are an sshd of the test's own on the loopback: its key, port and configuration lie in the
# test's folder.
pack=models/es-en-demo
top=$(dirname "$(readlink -f models)")
skip() {
	echo "the recipe for --sshlogin is not tested: $1" >&2
	exit 77
}
sshd=/usr/sbin/sshd
for program in parallel ssh ssh-keygen $sshd; do
	command -v $program >/dev/null || skip "$program is not installed (parallel, openssh-client, openssh-server)"
done

# As root, sshd wants a folder that Debian's own service would make.
made=
daemon=
stop() {
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
	wait 2>/dev/null || true
	[ ! -e failed ] || tail -n 20 ssh/log >&2 || true
	[ -z "$made" ] || rmdir /run/sshd 2>/dev/null || true
}
trap stop EXIT
if [ "$(id -u)" -eq 0 ] && [ ! -d /run/sshd ]; then
	mkdir -m 755 /run/sshd
	made=1
fi
touch failed
mkdir -m 700 ssh
for key in host login; do ssh-keygen -q -t ed25519 -N '' -f ssh/$key; done
port=$((10000 + $$ % 10000)) # not one of shards.sh
cat >ssh/server <<END
ListenAddress 127.0.0.1
Port $port
HostKey $PWD/ssh/host
AuthorizedKeysFile $PWD/ssh/login.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
END
cat >ssh/client <<END
Host node1 node2
	HostName 127.0.0.1
	Port $port
	IdentityFile $PWD/ssh/login
	IdentitiesOnly yes
	UserKnownHostsFile $PWD/ssh/known
	StrictHostKeyChecking yes
END
echo "[127.0.0.1]:$port $(cat ssh/host.pub)" >ssh/known
: >ssh/log
$sshd -D -e -f ssh/server 2>>ssh/log &
daemon=$!
until grep -q 'Server listening' ssh/log; do
	kill -0 $daemon || { cat ssh/log >&2; exit 1; }
	sleep 0.1
done
export PARALLEL_SSH="ssh -F $PWD/ssh/client"

mkdir 'in put'
for i in 0 1 2 3 4 5 6; do wav 1 16000 $((2000 + 1000 * i)) >"in put/$i.wav"; done
translate=(s2st-translate -q -j 1 --pack $pack --beam 1 --max-len-b 9)
"${translate[@]}" --report whole.jsonl -o whole 'in put'

echo '--- two machines'
"$top/scripts/parallel/shards.sh" -n 4 -S 2/node1,2/node2 --report both.jsonl -- "${translate[@]}" -o both 'in put'
diff -r -x '.s2st-state*' whole both
diff <(no_times whole.jsonl) <(no_times both.jsonl)
grep -c 'Accepted publickey' ssh/log | awk '{print ($1 >= 4) ? "each part through ssh" : "only " $1 " logins"}'

echo '--- a part that is cut off is tried again'
flaky_tool flaky
"$top/scripts/parallel/shards.sh" -n 4 -S 2/node1,2/node2 --report again.jsonl -- "$PWD/flaky" "${translate[@]:1}" -o again 'in put'
ls -d cut
diff -r -x '.s2st-state*' whole again
diff <(no_times whole.jsonl) <(no_times again.jsonl)

echo '--- and given up after the last try'
rmdir cut
exits 1 "$top/scripts/parallel/shards.sh" -n 4 -r 1 -S 2/node1,2/node2 -- "$PWD/flaky" "${translate[@]:1}" -o once 'in put' 2>/dev/null
rm failed
