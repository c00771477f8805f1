#include "connectors/receive_headers.h"

#include <strings.h>

#define LINE_END 2

/* ---- one by its name ---- */

struct lookup {
    const char *name;
    bool exact; /* case matters */
    struct auth_value found;
};

static enum MHD_Result on_value(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_n,
                                const char *value, size_t value_n)
{
    (void)kind;
    struct lookup *lookup = cls;
    size_t n = strlen(lookup->name);
    if (key_n != n ||
        (lookup->exact ? memcmp(key, lookup->name, n) : strncasecmp(key, lookup->name, n)) != 0)
        return MHD_YES;
    if (lookup->found.count++ == 0)
        lookup->found.value = (struct str){value, value_n};
    return MHD_YES;
}

struct auth_value receive_header(void *connection, const char *name)
{
    struct lookup lookup = {.name = name};
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_value, &lookup);
    return lookup.found;
}

struct auth_value receive_parameter(void *connection, const char *name)
{
    struct lookup lookup = {.name = name, .exact = true};
    (void)MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, on_value, &lookup);
    return lookup.found;
}

/* ---- all of them ---- */

struct reading {
    struct framing framing;
    const char *end; /* of the last value */
    bool is_misread;
};

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_n,
                                 const char *value, size_t value_n)
{
    (void)kind;
    struct reading *reading = cls;
    framing_add(&reading->framing, (struct str){key, key_n}, (struct str){value, value_n});
    const char *end = reading->end;
    if (value < key || (end != NULL && (key < end || key > end + LINE_END)))
        reading->is_misread = true;
    reading->end = value + value_n;
    return MHD_YES;
}

/* Before 1.0 libmicrohttpd adds what a folded header goes on with to its name, which it moves
 * elsewhere; takes a line that begins with a colon for the end of the headers; and sees nothing of
 * a value that stands behind a NUL. Each could hide where a body ends. All else is where it came:
 * nothing but line ends lies between two headers, and behind the last. */
static bool is_misread(const struct reading *reading, struct MHD_Connection *connection,
                       const char *method)
{
    if (MHD_get_version()[0] != '0' || reading->end == NULL)
        return false;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return reading->is_misread || method + info->header_size > reading->end + 2 * LINE_END;
}

struct framing receive_headers_framing(struct MHD_Connection *connection, const char *method)
{
    struct reading reading = {.end = NULL};
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_header, &reading);
    if (is_misread(&reading, connection, method))
        reading.framing.is_faulty = true;
    return reading.framing;
}
