// tap_packets: what tap and tun apps share about their ports and counters, and the packets on their
// way between the kernel and an app. One thread.
#pragma once

#include <sluice/app.h>

enum { SL_TAP_TX };
enum { SL_TAP_RX };
enum { SL_TAP_DROP_TX_FULL, SL_TAP_DROP_DOWN, SL_TAP_DROP_MALFORMED, SL_TAP_DROP_TOO_LONG };
enum { SL_TAP_METRIC_RX_NO_BUFFER };

// Receive what waits on the descriptor of sl_tap_open, while the output has room for a burst.
//
// spill  SL_SPILL_BYTES of memory to work in.
void sl_tap_receive(struct sl_app *app, int fd, uint8_t *spill);

// What can be handed to the kernel in one piece.
enum sl_tap_pieces { SL_TAP_NOTHING, SL_TAP_TCP, SL_TAP_TCP_UDP };

// Send a burst of n packets, at most SL_BURST.
void sl_tap_send(struct sl_app *app, int fd, struct rte_mbuf *const *p, unsigned n,
		 enum sl_tap_pieces pieces);
