#include "apps/packet_filter.h"

#include "apps/packet_filter_x86.h"

#include <errno.h>
#include <sys/mman.h>

enum { SNAPLEN = 262144 }; // what libpcap itself takes as "whole packets"

// Turn the program into machine code. On failure it stays interpreted.
static void assemble(struct sl_packet_filter *f)
{
	size_t bytes = sl_packet_filter_x86(&f->classic, NULL);
	void *code;

	if (bytes == 0)
		return;
	code = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED)
		return;
	sl_packet_filter_x86(&f->classic, code);
	if (mprotect(code, bytes, PROT_READ | PROT_EXEC) < 0) {
		munmap(code, bytes); // a system that forbids generated code
		return;
	}
	f->machine_code = (uint64_t(*)(void *))(uintptr_t)code;
	f->machine_code_bytes = bytes;
}

static int compile(struct bpf_program *program, const char *expression, struct sl_error *err)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	int rc = 0;

	if (!pcap)
		return sl_error_set(err, -ENOMEM, "out of memory");
	if (pcap_compile(pcap, program, expression, 1, PCAP_NETMASK_UNKNOWN))
		rc = sl_error_set(err, -EINVAL, "'%.128s': %s", expression, pcap_geterr(pcap));
	pcap_close(pcap);
	return rc;
}

int sl_packet_filter_check(const char *expression, struct sl_error *err)
{
	struct bpf_program program = {0};
	int rc = compile(&program, expression, err);

	pcap_freecode(&program);
	return rc;
}

int sl_packet_filter_init(struct sl_packet_filter *f, const char *expression, struct sl_error *err)
{
	int rc;

	*f = (struct sl_packet_filter){0};
	rc = compile(&f->classic, expression, err);
	if (rc == 0)
		assemble(f);
	return rc;
}

void sl_packet_filter_interpret(struct sl_packet_filter *f)
{
	if (f->machine_code)
		munmap((void *)(uintptr_t)f->machine_code, f->machine_code_bytes);
	f->machine_code = NULL;
	f->machine_code_bytes = 0;
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
