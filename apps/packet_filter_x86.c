// packet_filter_x86: one instruction of classic BPF after the other, as libpcap defines them.
//
// DPDK has a generator of its own, behind rte_bpf_convert and rte_bpf_load. In 22.11 the former
// indexes loads by A instead of X, and the latter encodes tests of small constants wrongly, may
// stop before its jump distances are settled (the code then jumps into the middle of
// instructions), and checks programs in time exponential in their length. This one has jumps of
// one size only, so there is nothing to settle.
//
// Registers: eax is A, ecx is X, r9 the frame, r8d its length, rdx and r10 scratch. The 16 words
// of scratch memory lie in the red zone. Nothing is called and nothing saved.
// Spec: McCanne and Jacobson 1993, table 2; AMD64 manual volume 3.

#include "apps/packet_filter_x86.h"

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__
enum { IS_X86_64 = true };
#else
enum { IS_X86_64 = false };
#endif

enum { OFFSET_MAX = INT32_MAX - 4 }; // of a load; more is beyond any packet

// Conditions, as in the second byte of a jump.
enum {
	BELOW = 0x82,
	ABOVE_EQUAL = 0x83,
	EQUAL = 0x84,
	NOT_EQUAL = 0x85,
	BELOW_EQUAL = 0x86,
	ABOVE = 0x87
};

struct code {
	uint8_t *bytes; // NULL while only measuring
	size_t len;
	size_t *start;   // of each instruction of the program, from the measuring pass
	size_t no_match; // where "return 0" stands, from the measuring pass
};

static void put(struct code *c, const char *bytes, size_t n)
{
	if (c->bytes)
		memcpy(c->bytes + c->len, bytes, n);
	c->len += n;
}

static void put32(struct code *c, uint32_t v)
{
	char bytes[4] = {(char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24)};

	put(c, bytes, sizeof(bytes));
}

// An opcode and its 32-bit operand.
static void put_imm(struct code *c, const char *opcode, size_t n, uint32_t imm)
{
	put(c, opcode, n);
	put32(c, imm);
}

// An opcode and its 8-bit operand.
static void put_imm8(struct code *c, const char *opcode, size_t n, int imm)
{
	char byte = (char)imm;

	put(c, opcode, n);
	put(c, &byte, 1);
}

static void jump(struct code *c, size_t to)
{
	put_imm(c, "\xe9", 1, (uint32_t)(to - (c->len + 5)));
}

static void jump_if(struct code *c, unsigned condition, size_t to)
{
	put_imm8(c, "\x0f", 1, (int)condition);
	put32(c, (uint32_t)(to - (c->len + 4)));
}

// ---- loads

static uint32_t width(const struct bpf_insn *i)
{
	return BPF_SIZE(i->code) == BPF_W ? 4 : BPF_SIZE(i->code) == BPF_H ? 2 : 1;
}

static void to_host_order(struct code *c, uint32_t bytes)
{
	if (bytes > 1)
		put(c, "\x0f\xc8", 2); // bswap eax
	if (bytes == 2)
		put(c, "\xc1\xe8\x10", 3); // shr eax, 16
}

static void load_absolute(struct code *c, const struct bpf_insn *i)
{
	if (i->k > OFFSET_MAX) {
		jump(c, c->no_match);
		return;
	}
	put_imm(c, "\x41\x81\xf8", 3, i->k + width(i)); // cmp r8d, k + width
	jump_if(c, BELOW, c->no_match);
	if (width(i) == 4)
		put_imm(c, "\x41\x8b\x81", 3, i->k); // mov eax, [r9 + k]
	else if (width(i) == 2)
		put_imm(c, "\x41\x0f\xb7\x81", 4, i->k); // movzx eax, word [r9 + k]
	else
		put_imm(c, "\x41\x0f\xb6\x81", 4, i->k); // movzx eax, byte [r9 + k]
	to_host_order(c, width(i));
}

static void load_indexed(struct code *c, const struct bpf_insn *i)
{
	if (i->k > OFFSET_MAX) {
		jump(c, c->no_match);
		return;
	}
	put_imm(c, "\x4c\x8d\x91", 3, i->k + width(i)); // lea r10, [rcx + k + width]
	put(c, "\x4d\x39\xc2", 3);                      // cmp r10, r8
	jump_if(c, ABOVE, c->no_match);
	if (width(i) == 4)
		put_imm(c, "\x41\x8b\x84\x09", 4, i->k); // mov eax, [r9 + rcx + k]
	else if (width(i) == 2)
		put_imm(c, "\x41\x0f\xb7\x84\x09", 5, i->k); // movzx eax, word [r9 + rcx + k]
	else
		put_imm(c, "\x41\x0f\xb6\x84\x09", 5, i->k); // movzx eax, byte [r9 + rcx + k]
	to_host_order(c, width(i));
}

// X = 4 * (frame[k] & 15): the length of an IPv4 header
static void load_header_len(struct code *c, const struct bpf_insn *i)
{
	if (i->k > OFFSET_MAX) {
		jump(c, c->no_match);
		return;
	}
	put_imm(c, "\x41\x81\xf8", 3, i->k + 1); // cmp r8d, k + 1
	jump_if(c, BELOW, c->no_match);
	put_imm(c, "\x41\x0f\xb6\x89", 4, i->k); // movzx ecx, byte [r9 + k]
	put(c, "\x83\xe1\x0f", 3);               // and ecx, 15
	put(c, "\xc1\xe1\x02", 3);               // shl ecx, 2
}

// Where word k of the scratch memory lies from rsp.
static int scratch(const struct bpf_insn *i)
{
	return ((int)i->k - BPF_MEMWORDS) * 4;
}

static bool load_or_store(struct code *c, const struct bpf_insn *i)
{
	switch (i->code) {
	case BPF_LD | BPF_ABS | BPF_W:
	case BPF_LD | BPF_ABS | BPF_H:
	case BPF_LD | BPF_ABS | BPF_B:
		load_absolute(c, i);
		return true;
	case BPF_LD | BPF_IND | BPF_W:
	case BPF_LD | BPF_IND | BPF_H:
	case BPF_LD | BPF_IND | BPF_B:
		load_indexed(c, i);
		return true;
	case BPF_LDX | BPF_MSH | BPF_B:
		load_header_len(c, i);
		return true;
	case BPF_LD | BPF_IMM:
		put_imm(c, "\xb8", 1, i->k); // mov eax, k
		return true;
	case BPF_LDX | BPF_IMM:
		put_imm(c, "\xb9", 1, i->k); // mov ecx, k
		return true;
	case BPF_LD | BPF_W | BPF_LEN:
		put(c, "\x44\x89\xc0", 3); // mov eax, r8d
		return true;
	case BPF_LDX | BPF_W | BPF_LEN:
		put(c, "\x44\x89\xc1", 3); // mov ecx, r8d
		return true;
	case BPF_LD | BPF_MEM:
		put_imm8(c, "\x8b\x44\x24", 3, scratch(i)); // mov eax, [rsp + scratch]
		return i->k < BPF_MEMWORDS;
	case BPF_LDX | BPF_MEM:
		put_imm8(c, "\x8b\x4c\x24", 3, scratch(i)); // mov ecx, [rsp + scratch]
		return i->k < BPF_MEMWORDS;
	case BPF_ST:
		put_imm8(c, "\x89\x44\x24", 3, scratch(i)); // mov [rsp + scratch], eax
		return i->k < BPF_MEMWORDS;
	case BPF_STX:
		put_imm8(c, "\x89\x4c\x24", 3, scratch(i)); // mov [rsp + scratch], ecx
		return i->k < BPF_MEMWORDS;
	default:
		return false;
	}
}

// ---- arithmetic

// Quotient in eax, remainder in edx; by zero is no match.
static void divide(struct code *c, const struct bpf_insn *i)
{
	if (BPF_SRC(i->code) == BPF_K)
		put_imm(c, "\x41\xba", 2, i->k); // mov r10d, k
	else
		put(c, "\x41\x89\xca", 3); // mov r10d, ecx
	put(c, "\x45\x85\xd2", 3);         // test r10d, r10d
	jump_if(c, EQUAL, c->no_match);
	put(c, "\x31\xd2", 2);     // xor edx, edx
	put(c, "\x41\xf7\xf2", 3); // div r10d
}

// By 32 and more everything is shifted out, while the processor shifts modulo 32.
static void shift_by_x(struct code *c, const char *opcode)
{
	put(c, opcode, 2);         // shl or shr eax, cl
	put(c, "\x83\xf9\x20", 3); // cmp ecx, 32
	put(c, "\x45\x19\xd2", 3); // sbb r10d, r10d: all ones where below
	put(c, "\x44\x21\xd0", 3); // and eax, r10d
}

static void shift_by_k(struct code *c, const char *opcode, uint32_t k)
{
	if (k < 32)
		put_imm8(c, opcode, 2, (int)k); // shl or shr eax, k
	else
		put(c, "\x31\xc0", 2); // xor eax, eax
}

static bool arithmetic(struct code *c, const struct bpf_insn *i)
{
	bool x = BPF_SRC(i->code) == BPF_X;

	switch (BPF_OP(i->code)) {
	case BPF_ADD:
		x ? put(c, "\x01\xc8", 2) : put_imm(c, "\x05", 1, i->k); // add eax, ecx or k
		return true;
	case BPF_SUB:
		x ? put(c, "\x29\xc8", 2) : put_imm(c, "\x2d", 1, i->k); // sub
		return true;
	case BPF_AND:
		x ? put(c, "\x21\xc8", 2) : put_imm(c, "\x25", 1, i->k); // and
		return true;
	case BPF_OR:
		x ? put(c, "\x09\xc8", 2) : put_imm(c, "\x0d", 1, i->k); // or
		return true;
	case BPF_XOR:
		x ? put(c, "\x31\xc8", 2) : put_imm(c, "\x35", 1, i->k); // xor
		return true;
	case BPF_MUL:
		x ? put(c, "\x0f\xaf\xc1", 3) : put_imm(c, "\x69\xc0", 2, i->k); // imul
		return true;
	case BPF_DIV:
		divide(c, i);
		return true;
	case BPF_MOD:
		divide(c, i);
		put(c, "\x89\xd0", 2); // mov eax, edx
		return true;
	case BPF_LSH:
		x ? shift_by_x(c, "\xd3\xe0") : shift_by_k(c, "\xc1\xe0", i->k);
		return true;
	case BPF_RSH:
		x ? shift_by_x(c, "\xd3\xe8") : shift_by_k(c, "\xc1\xe8", i->k);
		return true;
	case BPF_NEG:
		put(c, "\xf7\xd8", 2); // neg eax
		return true;
	default:
		return false;
	}
}

// ---- jumps

// Compare A with X or k, for the condition that is returned; 0 = unknown.
static unsigned compare(struct code *c, const struct bpf_insn *i)
{
	bool x = BPF_SRC(i->code) == BPF_X;

	if (BPF_OP(i->code) == BPF_JSET)
		x ? put(c, "\x85\xc8", 2) : put_imm(c, "\xa9", 1, i->k); // test eax, ecx or k
	else
		x ? put(c, "\x39\xc8", 2) : put_imm(c, "\x3d", 1, i->k); // cmp eax, ecx or k
	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		return EQUAL;
	case BPF_JGT:
		return ABOVE;
	case BPF_JGE:
		return ABOVE_EQUAL;
	case BPF_JSET:
		return NOT_EQUAL;
	default:
		return 0;
	}
}

static bool branch(struct code *c, const struct bpf_program *p, unsigned at)
{
	const struct bpf_insn *i = &p->bf_insns[at];
	unsigned condition;

	if (BPF_OP(i->code) == BPF_JA) {
		uint32_t to = at + 1 + i->k; // backwards too: "protochain" loops

		if (to < p->bf_len)
			jump(c, c->start[to]);
		return to < p->bf_len;
	}
	condition = compare(c, i);
	if (condition == 0 || at + 1U + i->jt >= p->bf_len || at + 1U + i->jf >= p->bf_len)
		return false;
	if (i->jt == 0) { // the lowest bit of a condition negates it
		jump_if(c, condition ^ 1, c->start[at + 1 + i->jf]);
		return true;
	}
	jump_if(c, condition, c->start[at + 1 + i->jt]);
	if (i->jf != 0)
		jump(c, c->start[at + 1 + i->jf]);
	return true;
}

static bool translate(struct code *c, const struct bpf_program *p, unsigned at)
{
	const struct bpf_insn *i = &p->bf_insns[at];

	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
		return arithmetic(c, i);
	case BPF_JMP:
		return branch(c, p, at);
	case BPF_RET:
		if (BPF_RVAL(i->code) == BPF_K)
			put_imm(c, "\xb8", 1, i->k); // mov eax, k
		put(c, "\xc3", 1);                   // ret
		return BPF_RVAL(i->code) == BPF_K || BPF_RVAL(i->code) == BPF_A;
	case BPF_MISC:
		if (BPF_MISCOP(i->code) == BPF_TAX)
			put(c, "\x89\xc1", 2); // mov ecx, eax
		else
			put(c, "\x89\xc8", 2); // mov eax, ecx
		return BPF_MISCOP(i->code) == BPF_TAX || BPF_MISCOP(i->code) == BPF_TXA;
	default:
		return load_or_store(c, i);
	}
}

static bool reads_scratch(const struct bpf_insn *i)
{
	return i->code == (BPF_LD | BPF_MEM) || i->code == (BPF_LDX | BPF_MEM);
}

// libpcap itself reads scratch words that it never wrote ("geneve or not udp"): make them 0, so
// that at least the answer is always the same.
static void clear_scratch(struct code *c, const struct bpf_program *p)
{
	uint32_t done = 0;

	for (unsigned at = 0; at < p->bf_len; at++) {
		const struct bpf_insn *i = &p->bf_insns[at];

		if (!reads_scratch(i) || i->k >= BPF_MEMWORDS || done >> i->k & 1)
			continue;
		put_imm8(c, "\xc7\x44\x24", 3, scratch(i)); // mov dword [rsp + scratch], 0
		put32(c, 0);
		done |= 1U << i->k;
	}
}

static void begin(struct code *c, const struct bpf_program *p)
{
	c->len = 0;
	put_imm8(c, "\x4c\x8b\x4f", 3, offsetof(struct rte_mbuf, buf_addr)); // mov r9, [rdi + ..]
	put_imm8(c, "\x0f\xb7\x47", 3, offsetof(struct rte_mbuf, data_off)); // movzx eax, word [..]
	put(c, "\x49\x01\xc1", 3);                                           // add r9, rax
	put_imm8(c, "\x44\x0f\xb7\x47", 4, offsetof(struct rte_mbuf, data_len)); // movzx r8d, word
	put(c, "\x31\xc0\x31\xc9", 4); // xor eax, eax; xor ecx, ecx
	clear_scratch(c, p);
}

static bool write_all(struct code *c, const struct bpf_program *p)
{
	begin(c, p);
	for (unsigned at = 0; at < p->bf_len; at++) {
		c->start[at] = c->len;
		if (!translate(c, p, at))
			return false;
	}
	c->no_match = c->len;
	put(c, "\x31\xc0\xc3", 3); // xor eax, eax; ret
	return true;
}

size_t sl_packet_filter_x86(const struct bpf_program *program, uint8_t *code)
{
	struct code c = {.start = calloc(program->bf_len + 1U, sizeof(size_t))};
	bool done = IS_X86_64 && c.start && write_all(&c, program);

	c.bytes = code;
	if (done && code)
		done = write_all(&c, program);
	free(c.start);
	return done ? c.len : 0;
}
