// packet_filter: libpcap compiles, DPDK turns the result into machine code.
//
// The road is classic BPF -> eBPF -> x86-64 or arm64. Where a program uses something on which
// that road differs from libpcap, libpcap's own interpreter runs it: right first, fast second.

#define ALLOW_EXPERIMENTAL_API // rte_bpf_convert

#include "apps/packet_filter.h"

#include <errno.h>
#include <rte_malloc.h>
#include <stdlib.h>

enum {
	SNAPLEN = 262144, // what libpcap itself takes as "whole packets"
	INSNS_MAX = 256,  // DPDK's check of a program takes 0.2 s at 290 and minutes at 435
};

// Whether DPDK's conversion and code of one instruction mean what libpcap means.
static bool insn_is_portable(const struct bpf_insn *i)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
		// libpcap shifts everything out at 32 and more, processors shift by k modulo 32
		return BPF_OP(i->code) != BPF_LSH && BPF_OP(i->code) != BPF_RSH
			       ? true
			       : BPF_SRC(i->code) == BPF_K && i->k < 32;
	case BPF_LD:
	case BPF_LDX:
		// offsets are signed in eBPF
		return BPF_MODE(i->code) == BPF_IMM || i->k <= INT32_MAX;
	case BPF_JMP:
		// "protochain" loops; eBPF may not
		return BPF_OP(i->code) != BPF_JA || i->k <= INT32_MAX;
	default:
		return true;
	}
}

static bool program_is_portable(const struct bpf_program *prog)
{
	if (prog->bf_len > INSNS_MAX)
		return false;
	for (unsigned i = 0; i < prog->bf_len; i++)
		if (!insn_is_portable(&prog->bf_insns[i]))
			return false;
	return true;
}

// What the conversion keeps classic BPF's X in, and what it leaves unused between two classic
// instructions.
enum { REG_X = EBPF_REG_7, REG_SPARE = EBPF_REG_8 };

// The conversion indexes by A where it should by X (its mistake), and an index near 2^32 would
// wrap past the length check of a load.
static bool is_indexed_load(const struct ebpf_insn *i)
{
	return BPF_CLASS(i->code) == BPF_LD && BPF_MODE(i->code) == BPF_IND;
}

// The x86 code generator emits "test r, imm32" with a one-byte operand where the operand fits in
// one byte, which is no such instruction: "ether[0] & 1 != 0" would crash.
static bool is_small_test(const struct ebpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_JSET | BPF_K) && i->imm >= INT8_MIN && i->imm <= INT8_MAX;
}

static bool is_jump(const struct ebpf_insn *i)
{
	return BPF_CLASS(i->code) == BPF_JMP && BPF_OP(i->code) != EBPF_EXIT;
}

// Each of the two faults is mended with one instruction in front of the one concerned.
struct mending {
	const struct ebpf_insn *from; // n of them
	struct ebpf_insn *to;         // room for 2 * n + 2
	unsigned *start;              // where in `to` each of `from` begins; start[n] is the end
	unsigned n;
	bool no_match; // a load jumps to the end of `to`, where "no match" is to be returned
};

static void mend_place(struct mending *m)
{
	unsigned at = 0;

	for (unsigned i = 0; i < m->n; i++) {
		m->start[i] = at;
		at += 1 + (is_indexed_load(&m->from[i]) || is_small_test(&m->from[i]));
	}
	m->start[m->n] = at;
}

static void mend_one(struct mending *m, unsigned i)
{
	const struct ebpf_insn *from = &m->from[i];
	unsigned first = m->start[i], last = m->start[i + 1] - 1;

	m->to[last] = *from;
	if (is_indexed_load(from)) {
		m->to[last].src_reg = REG_X;
		m->to[first] = (struct ebpf_insn){
			.code = BPF_JMP | BPF_JGT | BPF_K,
			.dst_reg = REG_X,
			.imm = UINT16_MAX, // no packet is longer
			.off = (int16_t)(m->start[m->n] - first - 1),
		};
		m->no_match = true;
	} else if (is_small_test(from)) {
		m->to[last].code = BPF_JMP | BPF_JSET | BPF_X;
		m->to[last].src_reg = REG_SPARE;
		m->to[last].imm = 0;
		m->to[first] = (struct ebpf_insn){
			.code = BPF_ALU | EBPF_MOV | BPF_K,
			.dst_reg = REG_SPARE,
			.imm = from->imm,
		};
	}
	if (is_jump(from))
		m->to[last].off = (int16_t)(m->start[(int)i + 1 + from->off] - last - 1);
}

// Returns the number of instructions in m->to.
static unsigned mend(struct mending *m)
{
	unsigned at;

	mend_place(m);
	for (unsigned i = 0; i < m->n; i++)
		mend_one(m, i);
	at = m->start[m->n];
	if (m->no_match) {
		m->to[at++] = (struct ebpf_insn){.code = BPF_ALU | EBPF_MOV | BPF_K};
		m->to[at++] = (struct ebpf_insn){.code = BPF_JMP | EBPF_EXIT};
	}
	return at;
}

static struct rte_bpf *load(const struct rte_bpf_prm *converted)
{
	struct mending m = {.from = converted->ins, .n = converted->nb_ins};
	struct rte_bpf_prm prm = *converted;
	struct rte_bpf *bpf = NULL;

	m.to = calloc((size_t)m.n * 2 + 2, sizeof(*m.to));
	m.start = calloc((size_t)m.n + 1, sizeof(*m.start));
	if (m.to && m.start) {
		prm.nb_ins = mend(&m);
		prm.ins = m.to;
		bpf = rte_bpf_load(&prm);
	}
	free(m.start);
	free(m.to);
	return bpf;
}

static void translate(struct sl_packet_filter *f)
{
	struct rte_bpf_jit jit = {0};
	struct rte_bpf_prm *prm;

	if (!program_is_portable(&f->classic))
		return;
	prm = rte_bpf_convert(&f->classic);
	if (!prm)
		return;
	f->bpf = load(prm);
	rte_free(prm);
	if (f->bpf && !rte_bpf_get_jit(f->bpf, &jit))
		f->machine_code = jit.func;
}

int sl_packet_filter_init(struct sl_packet_filter *f, const char *expression, struct sl_error *err)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	int rc = 0;

	*f = (struct sl_packet_filter){0};
	if (!pcap)
		return sl_error_set(err, -ENOMEM, "out of memory");
	if (pcap_compile(pcap, &f->classic, expression, 1, PCAP_NETMASK_UNKNOWN))
		rc = sl_error_set(err, -EINVAL, "filter '%s': %s", expression, pcap_geterr(pcap));
	else
		translate(f);
	pcap_close(pcap);
	return rc;
}

void sl_packet_filter_interpret(struct sl_packet_filter *f)
{
	rte_bpf_destroy(f->bpf);
	f->bpf = NULL;
	f->machine_code = NULL;
}

void sl_packet_filter_fini(struct sl_packet_filter *f)
{
	sl_packet_filter_interpret(f);
	pcap_freecode(&f->classic);
}

bool sl_packet_filter_run(const struct sl_packet_filter *f, const struct rte_mbuf *p)
{
	return bpf_filter(f->classic.bf_insns, sl_data(p), sl_len(p), sl_len(p)) != 0;
}
