// packet_filter_x86: classic BPF as x86-64 machine code.
#pragma once

#include <pcap/pcap.h>
#include <stddef.h>
#include <stdint.h>

// Write the machine code of a program: a function of the System V ABI that takes a struct
// rte_mbuf * and returns what the program returns, 0 for a load beyond the end of the frame.
//
// code  NULL to ask for the size only; else room for all of it.
//
// Returns the size in bytes, or 0: an instruction that is not known, or another processor.
size_t sl_packet_filter_x86(const struct bpf_program *program, uint8_t *code);
