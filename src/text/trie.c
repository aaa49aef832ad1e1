#include "text/trie.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

void s2_trie_free(s2_trie *t)
{
	free(t->nodes);
	free(t->slots);
	*t = (s2_trie){0};
}

static size_t home(const s2_trie *t, uint32_t parent, uint32_t symbol)
{
	uint64_t h = ((uint64_t)parent << 32 | symbol) * 0x9e3779b97f4a7c15u;
	return (size_t)(h >> 32) & (t->n_slots - 1);
}

/* The slot of an edge, or the empty one where it belongs. */
static size_t find(const s2_trie *t, uint32_t parent, uint32_t symbol)
{
	size_t slot = home(t, parent, symbol);
	for (; t->slots[slot]; slot = (slot + 1) & (t->n_slots - 1)) {
		const s2_trie_node *node = &t->nodes[t->slots[slot]];
		if (node->parent == parent && node->symbol == symbol)
			break;
	}
	return slot;
}

/* Slots stay at least twice the nodes, so that an empty one is always near. */
static bool grow(s2_trie *t)
{
	size_t cap = t->cap ? 2 * t->cap : 256, bytes;
	if (cap > UINT32_MAX / 2 || !s2_mul(cap, sizeof *t->nodes, &bytes))
		return false;
	s2_trie_node *nodes = realloc(t->nodes, bytes);
	if (!nodes)
		return false;
	t->nodes = nodes;
	uint32_t *slots = calloc(2 * cap, sizeof *slots);
	if (!slots)
		return false;
	free(t->slots);
	t->slots = slots;
	t->n_slots = 2 * cap;
	t->cap = cap;
	for (size_t i = 1; i < t->n; i++) {
		size_t slot = find(t, nodes[i].parent, nodes[i].symbol);
		nodes[i].slot = (uint32_t)slot;
		slots[slot] = (uint32_t)i;
	}
	return true;
}

int s2_trie_clear(s2_trie *t, s2st_error *err)
{
	if (t->cap == 0 && !grow(t))
		return s2_fail_mem(err, "n-grams");
	for (size_t i = 1; i < t->n; i++)
		t->slots[t->nodes[i].slot] = 0;
	t->nodes[0] = (s2_trie_node){0};
	t->n = 1;
	return S2ST_OK;
}

uint32_t s2_trie_step(s2_trie *t, uint32_t parent, uint32_t symbol)
{
	size_t slot = find(t, parent, symbol);
	if (t->slots[slot])
		return t->slots[slot];
	if (t->n == t->cap) {
		if (!grow(t))
			return 0;
		slot = find(t, parent, symbol);
	}
	uint32_t node = (uint32_t)t->n++;
	t->nodes[node] = (s2_trie_node){.parent = parent, .symbol = symbol, .slot = (uint32_t)slot};
	t->nodes[node].depth = t->nodes[parent].depth + 1;
	t->slots[slot] = node;
	return node;
}

uint32_t s2_trie_path(s2_trie *t, const uint32_t *symbols, size_t n)
{
	uint32_t node = 0;
	for (size_t i = 0; i < n; i++) {
		node = s2_trie_step(t, node, symbols[i]);
		if (!node)
			return 0;
	}
	return node;
}
