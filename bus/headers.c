#include "bus/headers.h"

#include <endian.h>

#define HEADERS_NULL UINT32_MAX
#define LENGTHS_BYTES (2 * sizeof(uint32_t))

size_t headers_encoded_bytes(const struct bus_header *headers, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += LENGTHS_BYTES + headers[i].name.n + headers[i].value.n;
    return bytes;
}

static char *put(char *to, const void *bytes, size_t n)
{
    if (n > 0)
        memcpy(to, bytes, n);
    return to + n;
}

char *headers_encode(const struct bus_header *headers, size_t count, char *to)
{
    for (size_t i = 0; i < count; i++) {
        const struct bus_header *header = &headers[i];
        uint32_t lengths[2] = {
            htole32((uint32_t)header->name.n),
            htole32(str_is_null(header->value) ? HEADERS_NULL : (uint32_t)header->value.n)};
        to = put(to, lengths, sizeof lengths);
        to = put(to, header->name.p, header->name.n);
        to = put(to, header->value.p, header->value.n);
    }
    return to;
}

static bool take_bytes(struct str *rest, size_t n, struct str *bytes_out)
{
    if (rest->n < n)
        return false;
    *bytes_out = (struct str){rest->p, n};
    *rest = (struct str){rest->p + n, rest->n - n};
    return true;
}

static bool take_header(struct str *rest, struct bus_header *header_out)
{
    struct str lengths;
    uint32_t n[2];
    if (!take_bytes(rest, LENGTHS_BYTES, &lengths))
        return false;
    memcpy(n, lengths.p, sizeof n);
    if (!take_bytes(rest, le32toh(n[0]), &header_out->name))
        return false;
    header_out->value = STR_NULL;
    return le32toh(n[1]) == HEADERS_NULL || take_bytes(rest, le32toh(n[1]), &header_out->value);
}

bool headers_decode(struct str bytes, struct bus_header *headers_out, size_t max, size_t *count_out)
{
    size_t count = 0;
    while (bytes.n > 0) {
        if (count == max || !take_header(&bytes, &headers_out[count]))
            return false;
        count++;
    }
    *count_out = count;
    return true;
}
