// protocol: numbers of what IP carries. Spec: IANA "Protocol Numbers".
#pragma once

enum {
	SL_PROTO_HOP_BY_HOP = 0,
	SL_PROTO_ICMP = 1,
	SL_PROTO_TCP = 6,
	SL_PROTO_UDP = 17,
	SL_PROTO_DCCP = 33,
	SL_PROTO_ROUTING = 43,
	SL_PROTO_FRAGMENT = 44,
	SL_PROTO_ESP = 50,
	SL_PROTO_AH = 51,
	SL_PROTO_ICMPV6 = 58,
	SL_PROTO_DEST_OPTIONS = 60,
	SL_PROTO_SCTP = 132,
	SL_PROTO_UDP_LITE = 136,
};
