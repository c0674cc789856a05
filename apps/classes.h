// classes: every class of the library, declared once.
#pragma once

#include <sluice/app.h>

extern const struct sl_app_class sl_checksum_fix_class;
extern const struct sl_app_class sl_checksum_verify_class;
extern const struct sl_app_class sl_counter_class;
extern const struct sl_app_class sl_dpdk_class;
extern const struct sl_app_class sl_ethernet_in_class;
extern const struct sl_app_class sl_ethernet_out_class;
extern const struct sl_app_class sl_filter_class;
extern const struct sl_app_class sl_icmp_error_class;
extern const struct sl_app_class sl_impair_class;
extern const struct sl_app_class sl_ip_fragment_class;
extern const struct sl_app_class sl_ipv4_input_class;
extern const struct sl_app_class sl_ipv4_route_class;
extern const struct sl_app_class sl_ipv6_input_class;
extern const struct sl_app_class sl_ipv6_route_class;
extern const struct sl_app_class sl_join_class;
extern const struct sl_app_class sl_kernel_routes_class;
extern const struct sl_app_class sl_local_class;
extern const struct sl_app_class sl_match_class;
extern const struct sl_app_class sl_neighbour_class;
extern const struct sl_app_class sl_pcap_reader_class;
extern const struct sl_app_class sl_pcap_writer_class;
extern const struct sl_app_class sl_rate_class;
extern const struct sl_app_class sl_sink_class;
extern const struct sl_app_class sl_source_class;
extern const struct sl_app_class sl_split_class;
extern const struct sl_app_class sl_tap_class;
extern const struct sl_app_class sl_tee_class;
extern const struct sl_app_class sl_truncate_class;
extern const struct sl_app_class sl_tun_class;
extern const struct sl_app_class sl_tunnel_data_class;
extern const struct sl_app_class sl_tunnel_handshake_class;
extern const struct sl_app_class sl_udp_class;

// All of them, alphabetically; NULL at the end.
extern const struct sl_app_class *const sl_classes[];
