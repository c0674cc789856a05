// classes: the one table of the library's classes. Nothing registers itself.

#include "apps/classes.h"

// one to a line
// clang-format off
const struct sl_app_class *const sl_classes[] = {
	&sl_checksum_fix_class,
	&sl_checksum_verify_class,
	&sl_counter_class,
	&sl_dpdk_class,
	&sl_ethernet_in_class,
	&sl_ethernet_out_class,
	&sl_filter_class,
	&sl_icmp_error_class,
	&sl_impair_class,
	&sl_ip_fragment_class,
	&sl_ipv4_input_class,
	&sl_ipv4_route_class,
	&sl_ipv6_input_class,
	&sl_ipv6_route_class,
	&sl_join_class,
	&sl_kernel_routes_class,
	&sl_local_class,
	&sl_match_class,
	&sl_neighbour_class,
	&sl_pcap_reader_class,
	&sl_pcap_writer_class,
	&sl_rate_class,
	&sl_sink_class,
	&sl_source_class,
	&sl_split_class,
	&sl_tap_class,
	&sl_tee_class,
	&sl_truncate_class,
	&sl_tun_class,
	&sl_tunnel_data_class,
	&sl_tunnel_handshake_class,
	&sl_udp_class,
	NULL,
};
// clang-format on
