#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `closetrace replay` on captures that the test makes: forms of files, options, mistakes.

load helpers

capture() { # capture FILE WORD...
	local file=$BATS_TEST_TMPDIR/$1
	shift
	python3 "$BATS_TEST_DIRNAME/make_capture.py" "$@" > "$file" 3>&-
}

replay() { # replay ARGUMENTS...: stdout to out, stderr to err
	local status=0
	timeout 60 "$CLOSETRACE" replay "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	return $status
}

# says JQ WANTED: of the NDJSON that came out.
says() {
	local said
	said=$(jq -cr "$1" "$BATS_TEST_TMPDIR/out")
	[ "$said" = "$2" ] || { printf 'said:   %s\nwanted: %s\n' "$said" "$2" && return 1; }
}

without_file() { # the NDJSON that came out, less the name of the capture
	jq -c "del(.capture_file)" "$BATS_TEST_TMPDIR/out"
}

failed() { # failed STATUS WORD ARGUMENTS...: one sentence with WORD in it
	local wanted=$1 word=$2 status=0
	shift 2
	replay "$@" || status=$?
	[ $status = "$wanted" ]
	grep -qF -e "$word" "$BATS_TEST_TMPDIR/err"
}

@test "replay: every kind of ending, with Zeek's word beside ours" {
	capture a.pcap 1001:refused 1002:normal 1003:aborted 1004:reset 1005:wild 1006:silent 1007:open
	replay -a -o ndjson "$BATS_TEST_TMPDIR/a.pcap"
	says '[.local_port, .verdict, .initiator, .conn_state, .history] | join(" ")' "\
1001 peer_refused server REJ Sr
1002 fin_normal client SF ShADdFf
1003 peer_reset client RSTO ShADdR
1004 peer_reset server RSTR ShADdr
1005 fin_normal client RSTR ShArDdFf
1006 orphan_mid unknown S0 S
1007 orphan_mid unknown S1 ShADd"
	says 'select(.local_port == 1004) | [.time, .pid, .reason, .role, .bytes_sent, .bytes_received, .idle_us, .confidence] | @csv' \
		'"1970-01-01T00:16:40.021000000Z",,,,10,20,1000,"inferred"'
}

@test "replay: without --all only what is abnormal" {
	capture a.pcap 1001:refused 1002:normal 1007:open
	replay -o ndjson "$BATS_TEST_TMPDIR/a.pcap"
	says .local_port 1001
	grep -q '1 shown + 1 normal' "$BATS_TEST_TMPDIR/err"
	grep -q '1 still open at the end' "$BATS_TEST_TMPDIR/err"
}

without_file() { # the records of the last replay, but for the name of their file
	jq -c 'del(.capture_file)' "$BATS_TEST_TMPDIR/out"
}

@test "replay: the form of the file does not matter" {
	capture plain.pcap 1001:refused 1003:aborted
	replay -o ndjson "$BATS_TEST_TMPDIR/plain.pcap"
	without_file >"$BATS_TEST_TMPDIR/wanted"
	capture ng.pcapng --ng 1001:refused 1003:aborted
	capture sll.pcap --link sll 1001:refused 1003:aborted
	capture raw.pcap --link raw 1001:refused 1003:aborted
	capture vlan.pcap --vlan 1001:refused 1003:aborted
	gzip -k "$BATS_TEST_TMPDIR/plain.pcap"
	mv "$BATS_TEST_TMPDIR/plain.pcap.gz" "$BATS_TEST_TMPDIR/packed.pcap"
	for file in ng.pcapng sll.pcap raw.pcap vlan.pcap packed.pcap; do
		replay -o ndjson "$BATS_TEST_TMPDIR/$file"
		without_file | cmp "$BATS_TEST_TMPDIR/wanted" -
	done
	replay -o ndjson - < "$BATS_TEST_TMPDIR/ng.pcapng"
	without_file | cmp "$BATS_TEST_TMPDIR/wanted" -
	cat "$BATS_TEST_TMPDIR/packed.pcap" | replay -o ndjson -
	without_file | cmp "$BATS_TEST_TMPDIR/wanted" -
}

@test "replay: zstd" {
	command -v zstd >/dev/null || skip "zstd is not installed"
	capture plain.pcap 1001:refused
	zstd -q "$BATS_TEST_TMPDIR/plain.pcap"
	replay -o ndjson "$BATS_TEST_TMPDIR/plain.pcap.zst"
	says .verdict peer_refused
}

@test "replay: several files, in the order of their times" {
	capture late.pcap --start 2000 1002:reset
	capture early.pcap --start 1000 1001:reset
	replay -o ndjson "$BATS_TEST_TMPDIR/late.pcap" "$BATS_TEST_TMPDIR/early.pcap"
	says .local_port "1001
1002"
	refute grep -q 'a time before' "$BATS_TEST_TMPDIR/err"
}

@test "replay: filters and counts" {
	capture a.pcap 1001:refused 1003:aborted 1004:reset
	replay -o ndjson -f 'verdict = peer_reset and initiator = server' "$BATS_TEST_TMPDIR/a.pcap"
	says .local_port 1004
	replay -o ndjson -f 'conn_state = REJ' "$BATS_TEST_TMPDIR/a.pcap"
	says .local_port 1001
	replay -o ndjson --port 1003 "$BATS_TEST_TMPDIR/a.pcap"
	says .local_port 1003
	replay -o ndjson -n 2 "$BATS_TEST_TMPDIR/a.pcap"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/out")" = 2 ]
}

@test "replay: a wrong checksum ends nothing, unless it is to be believed" {
	capture a.pcap --bad-checksum-of-resets 1004:reset
	replay -o ndjson "$BATS_TEST_TMPDIR/a.pcap"
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
	grep -q '1 with a wrong checksum' "$BATS_TEST_TMPDIR/err"
	replay -o ndjson --no-checksums "$BATS_TEST_TMPDIR/a.pcap"
	says .verdict peer_reset
}

@test "replay: a snap length that cuts the payload or the TCP header" {
	capture a.pcap --snap 54 1004:reset
	replay -o ndjson "$BATS_TEST_TMPDIR/a.pcap"
	says '[.verdict, .bytes_received] | @csv' '"peer_reset",20'
	capture b.pcap --snap 50 1004:reset
	replay -o ndjson "$BATS_TEST_TMPDIR/b.pcap"
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
	grep -q '6 cut short' "$BATS_TEST_TMPDIR/err"
}

@test "replay: -o zeek is a conn.log" {
	capture a.pcap 1001:refused 1002:normal
	replay -o zeek "$BATS_TEST_TMPDIR/a.pcap"
	head -n 1 "$BATS_TEST_TMPDIR/out" | grep -qF '#separator \x09'
	tail -n 1 "$BATS_TEST_TMPDIR/out" | grep -q '^#close'
	# As zeek-cut does it: columns by their names, every line as many as the head.
	awk -F '\t' '
		/^#fields/ { for (i = 2; i <= NF; i++) at[$i] = i - 1; columns = NF - 1 }
		/^#types/ && NF - 1 != columns { exit 1 }
		!/^#/ { if (NF != columns) exit 1; print $at["id.orig_p"], $at["conn_state"], $at["history"], $at["orig_pkts"], $at["resp_bytes"] }
	' "$BATS_TEST_TMPDIR/out" > "$BATS_TEST_TMPDIR/cut"
	cat "$BATS_TEST_TMPDIR/cut"
	printf '%s\n' '1001 REJ Sr 1 0' '1002 SF ShADdFf 5 20' | cmp - "$BATS_TEST_TMPDIR/cut"
}

@test "replay: no more than --max-flows" {
	capture a.pcap $(seq -f '%.0f:silent' 2000 2100)
	replay -a -o zeek --max-flows 16 "$BATS_TEST_TMPDIR/a.pcap"
	grep -q '85 forgotten to make room' "$BATS_TEST_TMPDIR/err"
	[ "$(grep -vc '^#' "$BATS_TEST_TMPDIR/out")" = 101 ]
}

@test "replay: mistakes are one sentence with the file's name" {
	capture a.pcap 1001:refused
	failed 1 nosuch.pcap "$BATS_TEST_TMPDIR/nosuch.pcap"
	failed 1 directory "$BATS_TEST_TMPDIR"
	echo "not a capture at all, and long enough to be one" > "$BATS_TEST_TMPDIR/text"
	failed 1 "$BATS_TEST_TMPDIR/text is not a capture" "$BATS_TEST_TMPDIR/text"
	: > "$BATS_TEST_TMPDIR/empty"
	failed 1 "empty is not a capture" "$BATS_TEST_TMPDIR/empty"
	failed 2 "needs a capture file"
	failed 2 "does not go with it" --by server -o zeek "$BATS_TEST_TMPDIR/a.pcap"
	failed 2 "not \"xml\"" -o xml "$BATS_TEST_TMPDIR/a.pcap"
	failed 2 "column" -f 'verdict = ' "$BATS_TEST_TMPDIR/a.pcap"
	printf '\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x93\0\0\0' > "$BATS_TEST_TMPDIR/user0"
	failed 1 "frames of link type 147" "$BATS_TEST_TMPDIR/user0"
}

@test "replay: what is before the cut of a file counts" {
	capture a.pcap 1001:refused 1004:reset
	head -c -10 "$BATS_TEST_TMPDIR/a.pcap" > "$BATS_TEST_TMPDIR/cut.pcap"
	failed 1 "cut.pcap cannot be read to its end" -o ndjson "$BATS_TEST_TMPDIR/cut.pcap"
	says .local_port 1001
	gzip -c "$BATS_TEST_TMPDIR/a.pcap" | head -c -9 > "$BATS_TEST_TMPDIR/cut.gz"
	failed 1 "cut.gz cannot be read to its end" -o ndjson "$BATS_TEST_TMPDIR/cut.gz"
}

@test "replay: one bad file does not spoil the others" {
	capture a.pcap 1001:refused
	failed 1 nosuch -o ndjson "$BATS_TEST_TMPDIR/nosuch" "$BATS_TEST_TMPDIR/a.pcap"
	says .local_port 1001
}

@test "replay: SIGINT gives the result so far" {
	capture a.pcap 1001:refused
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	"$CLOSETRACE" replay -o ndjson "$BATS_TEST_TMPDIR/pipe" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
	exec 9>"$BATS_TEST_TMPDIR/pipe"
	cat "$BATS_TEST_TMPDIR/a.pcap" >&9
	# It has taken the pipe empty and waits for more.
	await 10 grep -q pipe_read "/proc/$pid/wchan" || await 10 grep -q '^State:.*S' "/proc/$pid/status"
	kill -INT $pid
	status=0
	wait $pid || status=$?
	exec 9>&-
	cat "$BATS_TEST_TMPDIR/err"
	[ $status = 0 ]
	says .local_port 1001
}

@test "replay: the kernel's program gives the same records, byte by byte" {
	need_root
	capture kinds.pcap 1001:refused 1002:normal 1003:aborted 1004:reset 1005:wild 1006:silent 1007:open
	capture chance.pcap $(printf '%s:random1 ' {3000..3199} | awk '{ for (i = 1; i <= NF; i++) printf "%s%d ", $i, i }')
	capture again.pcap --start 3000 $(printf '%s:random2 ' {3000..3199} | awk '{ for (i = 1; i <= NF; i++) printf "%s%d ", $i, i }')
	capture vlan.pcap --vlan --snap 70 1003:aborted 1004:reset
	for words in kinds.pcap chance.pcap "chance.pcap $BATS_TEST_TMPDIR/again.pcap" vlan.pcap "--decap --max-flows 16 $BATS_TEST_TMPDIR/chance.pcap"; do
		[ "${words#--}" != "$words" ] || words=$BATS_TEST_TMPDIR/$words
		replay -a -o ndjson $words
		mv "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/native"
		replay --in-kernel -a -o ndjson $words
		cmp "$BATS_TEST_TMPDIR/native" "$BATS_TEST_TMPDIR/out"
		[ -s "$BATS_TEST_TMPDIR/out" ]
	done
	# By chance every rule was met.
	replay -a -o ndjson "$BATS_TEST_TMPDIR/chance.pcap" "$BATS_TEST_TMPDIR/again.pcap"
	jq -r .verdict "$BATS_TEST_TMPDIR/out" | sort | uniq -c
	for verdict in peer_reset port_reuse fin_normal path_reset orphan_mid; do
		grep -q "\"verdict\":\"$verdict\"" "$BATS_TEST_TMPDIR/out"
	done
}

@test "replay: --in-kernel without privilege is status 77 and a sentence" {
	need_root
	capture a.pcap 1001:refused
	chmod 644 "$BATS_TEST_TMPDIR/a.pcap"
	status=0
	setpriv --reuid 65534 --clear-groups --inh-caps=-all --bounding-set=-all "$CLOSETRACE" replay --in-kernel - \
		<"$BATS_TEST_TMPDIR/a.pcap" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[ $status = 77 ]
	[ "$(grep -c . "$BATS_TEST_TMPDIR/err")" = 1 ]
}

@test "replay: --by counts what tshark counts, and its filter is one of rows" {
	command -v tshark >/dev/null || skip "tshark is not installed"
	capture kinds.pcap 1001:refused 1002:normal 1003:aborted 1004:reset 1005:wild 1006:silent 1007:open
	capture chance.pcap $(printf '%s:random3 ' {3000..3049} | awk '{ for (i = 1; i <= NF; i++) printf "%s%d ", $i, i }')
	python3 "$BATS_TEST_DIRNAME/tshark_compare.py" "$CLOSETRACE" "$BATS_TEST_TMPDIR/kinds.pcap" "$BATS_TEST_TMPDIR/chance.pcap"
	replay --by server,server_port -o ndjson "$BATS_TEST_TMPDIR/kinds.pcap"
	says '[.server_addr, .server_port, .connections, .rst_count, .closed_fin, .closed_rst, .rst_no_ct] | map(tostring) | join(" ")' \
		'10.0.0.2 80 7 4 2 2 1'
	replay --by connection -f 'rst.count = 0 and fin.count > 0' -o ndjson "$BATS_TEST_TMPDIR/kinds.pcap"
	says .client_port 1002
	replay --by zone_client -s syn_count -t 1 -o ndjson "$BATS_TEST_TMPDIR/kinds.pcap"
	says .zone_client private
}

@test "replay: from the line to the packet" {
	capture a.pcap 1001:refused 1002:normal 1004:reset
	replay -o ndjson "$BATS_TEST_TMPDIR/a.pcap"
	says '[.local_port, .first_frame, .frame, .capture_file] | @csv' "\
1001,1,2,\"$BATS_TEST_TMPDIR/a.pcap\"
1004,11,16,\"$BATS_TEST_TMPDIR/a.pcap\""
	grep -qF "wireshark -r '$BATS_TEST_TMPDIR/a.pcap' -g 2 -Y 'ip.addr == 10.0.0.1 && ip.addr == 10.0.0.2 && tcp.port == 1001 && tcp.port == 80'" "$BATS_TEST_TMPDIR/err"
	grep -qF 'endings: 1 fin_normal, 1 peer_refused, 1 peer_reset' "$BATS_TEST_TMPDIR/err"
	grep -qF 'at servers: 10.0.0.2:80 1 peer_refused, 1 peer_reset' "$BATS_TEST_TMPDIR/err"
	TZ=UTC replay "$BATS_TEST_TMPDIR/a.pcap"
	grep -q '^1970-01-01 00:16:40.001 *2  peer_refused' "$BATS_TEST_TMPDIR/out"
	replay --time relative "$BATS_TEST_TMPDIR/a.pcap"
	grep -q '^ *0.015000 *16  peer_reset' "$BATS_TEST_TMPDIR/out"
	command -v tshark >/dev/null || skip "tshark is not installed"
	[ "$(tshark -r "$BATS_TEST_TMPDIR/a.pcap" -Y "$(jq -r 'select(.local_port == 1004).display_filter' "$BATS_TEST_TMPDIR/out" 2>/dev/null || echo tcp.port==1004)" 2>/dev/null | wc -l)" = 6 ]
}

@test "replay: -w writes what went wrong, annotated, and Wireshark's tools take it" {
	command -v tshark >/dev/null || skip "tshark is not installed"
	local out=$BATS_TEST_TMPDIR/out.pcapng
	capture a.pcap 1001:refused 1002:normal
	capture b.pcapng --ng --link sll --start 2000 1004:reset
	replay -w "$out" -o ndjson "$BATS_TEST_TMPDIR/a.pcap" "$BATS_TEST_TMPDIR/b.pcapng"
	capinfos "$out" >/dev/null
	tshark -r "$out" -T fields -e tcp.srcport -e frame.comment 2>/dev/null >"$BATS_TEST_TMPDIR/packets"
	cat "$BATS_TEST_TMPDIR/packets"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/packets")" = 8 ]
	[ "$(grep -c 'closetrace: ' "$BATS_TEST_TMPDIR/packets")" = 2 ]
	sed -n 2p "$BATS_TEST_TMPDIR/packets" | grep -q 'closetrace: peer_refused: .*(frame 2 of .*a.pcap)'
	sed -n 8p "$BATS_TEST_TMPDIR/packets" | grep -q 'closetrace: peer_reset: .*(frame 6 of .*b.pcapng)'
	replay -a -w "$out" -o ndjson "$BATS_TEST_TMPDIR/a.pcap" "$BATS_TEST_TMPDIR/b.pcapng"
	[ "$(tshark -r "$out" 2>/dev/null | wc -l)" = 16 ]
	# Read again, it says the same.
	replay -o ndjson "$out"
	says .verdict "peer_refused
peer_reset"
	failed 1 "would overwrite the capture" -w "$BATS_TEST_TMPDIR/a.pcap" "$BATS_TEST_TMPDIR/a.pcap"
	[ -s "$BATS_TEST_TMPDIR/a.pcap" ]
	failed 1 "reads a capture twice" -w "$out" - <"$BATS_TEST_TMPDIR/a.pcap"
}

@test "replay: checksums that are all wrong count in, and that is said" {
	capture a.pcap --bad-checksums 1001:refused 1004:reset
	replay -o ndjson "$BATS_TEST_TMPDIR/a.pcap"
	says .local_port "1001
1004"
	grep -qF 'most checksums are wrong' "$BATS_TEST_TMPDIR/err"
	replay --checksums strict -o ndjson "$BATS_TEST_TMPDIR/a.pcap"
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
	replay --checksums off -o ndjson "$BATS_TEST_TMPDIR/a.pcap"
	says .local_port "1001
1004"
	failed 2 "not \"perhaps\"" --checksums perhaps "$BATS_TEST_TMPDIR/a.pcap"
}

@test "replay: records hold what --by counts" {
	capture a.pcap $(printf '%s:random5 ' {3000..3099} | awk '{ for (i = 1; i <= NF; i++) printf "%s%d ", $i, i }')
	replay -a -o ndjson "$BATS_TEST_TMPDIR/a.pcap"
	jq -s '[(map(.rst_count) | add), (map(.fin_count) | add), (map(.syn_count) | add)]' -c "$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/records"
	jq -e -s '[.[].time] | . == sort' "$BATS_TEST_TMPDIR/out"
	replay --by server -o ndjson "$BATS_TEST_TMPDIR/a.pcap"
	jq -s '[(map(.rst_count) | add), (map(.fin_count) | add), (map(.syn_count) | add)]' -c "$BATS_TEST_TMPDIR/out" | cmp - "$BATS_TEST_TMPDIR/records"
}
