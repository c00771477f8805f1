/* receive_floor: what the webhook endpoint is measured against: the same HTTP server with the same
 * options, which checks the signature of each body over its raw bytes and answers 200, storing
 * nothing.
 *
 *     receive_floor ADDRESS SECRET [THREADS]      until SIGTERM */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>

#include "connectors/address.h"
#include "connectors/http_loop.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/hex.h"
#include "lib/limits.h"
#include "lib/stop.h"

struct floor_server {
    const struct hmac *keyed;
    struct MHD_Response *empty;
};

static bool genuine(const struct floor_server *server, struct MHD_Connection *connection,
                    struct str body)
{
    static _Thread_local struct hmac *hmac; /* one per thread of the pool, for its life */
    if (hmac == NULL)
        hmac = hmac_dup(server->keyed);
    unsigned char claimed[DIGEST_SHA256_BYTES], digest[DIGEST_SHA256_BYTES];
    struct str header =
        str_of(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Hub-Signature-256"));
    if (!str_starts_with(header, "sha256=") ||
        !hex_decode((struct str){header.p + 7, header.n - 7}, claimed, sizeof claimed))
        return false;
    hmac_sha256(hmac, body, digest);
    return digest_equal(claimed, digest, sizeof digest);
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_n, void **state)
{
    (void)url;
    (void)method;
    (void)version;
    struct floor_server *server = cls;
    struct buf *body = *state;
    if (body == NULL) {
        *state = body = xmalloc(sizeof *body);
        buf_init(body, LIMIT_BODY_DEFAULT_BYTES);
        return MHD_YES;
    }
    if (*upload_n > 0) {
        bool added = buf_add(body, upload, *upload_n);
        *upload_n = 0;
        return added ? MHD_YES : MHD_NO;
    }
    bool ok = genuine(server, connection, buf_peek(body));
    return MHD_queue_response(connection, ok ? MHD_HTTP_OK : MHD_HTTP_UNAUTHORIZED, server->empty);
}

static void completed(void *cls, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    if (*state != NULL)
        buf_done(*state);
    free(*state);
}

static void on_log(void *context, const char *format, va_list args)
{
    (void)context;
    (void)format;
    (void)args;
}

int main(int argc, char **argv)
{
    char address[ADDRESS_TEXT_BYTES];
    struct err err;
    int fd = -1;
    if (argc < 3) {
        (void)fputs("usage: receive_floor ADDRESS SECRET [THREADS]\n", stderr);
        return 2;
    }
    long threads = argc > 3 ? strtol(argv[3], NULL, 10) : 2;
    struct hmac *keyed = hmac_new(str_of(argv[2]));
    struct floor_server server = {
        keyed, MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT)};
    stop_install();
    if (address_bind(argv[1], &fd, address, &err) != RC_OK) {
        (void)fprintf(stderr, "receive_floor: %s\n", err.msg);
        return 1;
    }
    const struct http_loops_conf conf = {.fd = fd,
                                         .threads = (int)threads,
                                         .connections = 1024,
                                         .idle_timeout_s = 15,
                                         .connection_memory_bytes = 32 * KIB,
                                         .log = on_log,
                                         .handle = handle,
                                         .completed = completed,
                                         .context = &server};
    struct http_loops *loops = NULL;
    if (http_loops_open(&conf, &loops, &err) != RC_OK) {
        (void)fprintf(stderr, "receive_floor: %s\n", err.msg);
        return 1;
    }
    printf("%s\n", address);
    (void)fflush(stdout);
    while (!stop_requested())
        stop_sleep_ms(1000);
    http_loops_close(&loops);
    MHD_destroy_response(server.empty);
    hmac_free(&keyed);
    return 0;
}
