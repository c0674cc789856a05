# Completion of the sluice command for bash.

_sluice_apps()
{
	sluice apps 2>/dev/null | cut -d ' ' -f 1
}

# Interfaces that wg-quick has a file for.
_sluice_wg_names()
{
	local file

	for file in /etc/wireguard/*.conf; do
		file=${file##*/}
		[[ $file == '*.conf' ]] || printf '%s\n' "${file%.conf}"
	done
}

# Word numbers: 1 is the subcommand.
_sluice()
{
	local current=$2 previous=$3 options=''

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W 'run check graph replay apps key cap tunnel unseal wg --help --version' \
			-- "$current")
		return
	fi
	case ${COMP_WORDS[1]}:$previous in
	replay:--rate | replay:-r)
		mapfile -t COMPREPLY < <(compgen -W 'max original x2 1Mpps 1Gbps' -- "$current")
		return
		;;
	replay:--loop | replay:-l)
		mapfile -t COMPREPLY < <(compgen -W 'forever 10 100' -- "$current")
		return
		;;
	replay:--to | replay:-o)
		mapfile -t COMPREPLY < <(compgen -W "null tap: $(ls /sys/class/net)" -- "$current"
			compgen -f -- "$current")
		return
		;;
	replay:--through | replay:-t)
		mapfile -t COMPREPLY < <(compgen -W "$(_sluice_apps)" -- "$current"
			compgen -f -- "$current")
		return
		;;
	replay:--for | run:--stats | run:-s)
		mapfile -t COMPREPLY < <(compgen -W '1 10 60' -- "$current")
		return
		;;
	run:--user | run:-u | tunnel:--user | tunnel:-u)
		mapfile -t COMPREPLY < <(compgen -u -- "$current")
		return
		;;
	cap:--pattern | cap:-p)
		mapfile -t COMPREPLY < <(compgen -W 'N K X NK KK XK IK' -- "$current")
		return
		;;
	cap:--output | cap:-o | cap:--psk | cap:--key | cap:-k | graph:--output | graph:-o | \
		 apps:--plugin | apps:-p | replay:--key | replay:-k | replay:--cap | replay:-c | \
		 replay:--psk | replay:--writer | replay:-w | unseal:--output | unseal:-o | \
		 unseal:--key | unseal:-k | unseal:--cap | unseal:-c | unseal:--psk | \
		 unseal:--writer | unseal:-w | wg:--config | wg:-c | tunnel:--serve | tunnel:-s | \
		 tunnel:--key | tunnel:-k)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	esac
	case ${COMP_WORDS[1]} in
	run) options='--stats --json --user --help' ;;
	check) options='--help' ;;
	graph) options='--dot --svg --yaml --output --help' ;;
	replay)
		options='--through --rate --loop --to --for --key --cap --psk --writer --json --quiet --help'
		;;
	apps) options='--plugin --help' ;;
	key) options='--help' ;;
	unseal) options='--output --key --cap --psk --writer --help' ;;
	tunnel) options='--dev --key --endpoint --route-all --no-routes --serve --user --help' ;;
	wg) options='--foreground --config --help' ;;
	cap) options='--pattern --psk --endpoint --output --key --show-psk --help' ;;
	esac
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
	elif [[ ${COMP_WORDS[1]} == key ]] && ((COMP_CWORD == 2)); then
		mapfile -t COMPREPLY < <(compgen -W 'new public show name' -- "$current")
	elif [[ ${COMP_WORDS[1]} == cap ]] && ((COMP_CWORD == 2)); then
		mapfile -t COMPREPLY < <(compgen -W 'mint show verify' -- "$current")
	elif [[ ${COMP_WORDS[1]} == wg ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_sluice_wg_names)" -- "$current")
	elif [[ ${COMP_WORDS[1]} == apps ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_sluice_apps)" -- "$current")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}

complete -o filenames -F _sluice sluice
