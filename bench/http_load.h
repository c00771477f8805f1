/* http_load.h: sends ready-made HTTP requests over kept connections and times the answers.
 *
 * Closed:  each connection sends its next request when the last one was answered.
 * Open:    requests fall due at a fixed rate, whatever the server does, and their time counts from
 *          then: a server that stalls is charged for all that waited meanwhile.
 * Errors:  a connection that cannot be made ends the program with words; one that breaks is
 * counted. Threads: as many as asked, ended before it returns. */
#ifndef SLUICE_BENCH_HTTP_LOAD_H
#define SLUICE_BENCH_HTTP_LOAD_H

#include <stdint.h>

#include "lib/str.h"

struct http_load_conf {
    uint16_t port; /* on 127.0.0.1 */
    const struct str *requests;
    size_t request_count;
    int connections;
    int threads;
    double seconds;
    double per_second; /* 0 = closed */
};

struct http_load_result {
    uint64_t answered; /* with 200 */
    uint64_t refused;  /* with anything else */
    uint64_t broken;   /* not at all */
    double per_second; /* of those with 200 */
    double p50_ms, p99_ms, p999_ms;
};

void http_load_run(const struct http_load_conf *conf, struct http_load_result *result_out);

#endif
