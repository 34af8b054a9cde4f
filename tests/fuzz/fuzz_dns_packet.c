#include "lib/dns_packet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses the type; the rest is the packet. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = { DNS_A, DNS_PTR, DNS_MX, DNS_TXT,
		DNS_AAAA };
	uint8_t question[DNS_QUESTION_SIZE];
	struct dns_answer a;
	enum dns_type type;
	uint8_t *p;
	size_t n;

	if (size < 1)
		return 0;
	type = types[data[0] % 5];
	/* Half of the inputs get a head and a question that fit. */
	n = dns_question_write(question, 1, "x.example", type);
	question[2] = 0x81;
	question[7] = 20;
	if (data[0] < 128)
		n = 0;
	p = malloc(n + size);
	if (p == NULL)
		return 0;
	memcpy(p, question, n);
	memcpy(p + n, data + 1, size - 1);
	dns_answer_read(p, n + size - 1, "x.example", type, 4096, &a);
	assert((a.status == DNS_FOUND) == (a.n > 0));
	assert(dns_answer_size(&a) <= 4096 + sizeof(a));
	for (size_t i = 0; i < a.n; i++) {
		assert((type == DNS_A || type == DNS_AAAA) ==
		    (a.values[i].text == NULL));
		if (type == DNS_MX || type == DNS_PTR)
			assert(dns_name_ok(a.values[i].text));
	}
	if (a.alias[0] != '\0')
		assert(a.status == DNS_EMPTY);
	dns_answer_free(&a);
	free(p);
	return 0;
}
