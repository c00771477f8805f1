#include "connectors/http_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/stop.h"

#define GLANCE_MS 100 /* how long a requested stop may go unseen */
#define MASK "***"

struct http_client {
    struct http_client_conf conf;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *connect_to;
    struct buf body;
    struct buf url;
    struct buf form;
    size_t header_bytes;
    char why[CURL_ERROR_SIZE];
};

/* ---- life ---- */

static void curl_init(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)fprintf(stderr, "libcurl cannot be initialized\n");
        exit(EXIT_FAILURE);
    }
}

static bool is_http_url(const char *url)
{
    return (strncmp(url, "https://", 8) == 0 && url[8] != '\0') ||
           (strncmp(url, "http://", 7) == 0 && url[7] != '\0');
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct http_client *client = context;
    return buf_add(&client->body, bytes, size * count) ? size * count : 0;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct http_client *client = context;
    (void)bytes;
    client->header_bytes += size * count;
    return client->header_bytes <= LIMIT_HTTP_HEADER_BYTES ? size * count : 0;
}

/* An empty host and port stand for any. */
static void set_connect_to(struct http_client *client)
{
    char *text = NULL;
    if (asprintf(&text, "::%s", client->conf.connect_to) < 0)
        return;
    client->connect_to = curl_slist_append(NULL, text);
    free(text);
    (void)curl_easy_setopt(client->easy, CURLOPT_CONNECT_TO, client->connect_to);
    (void)curl_easy_setopt(client->easy, CURLOPT_NOPROXY, "*");
}

/* What is the same for every call. */
static void set_up(struct http_client *client)
{
    CURL *easy = client->easy;
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "sluice/" SLUICE_VERSION);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, client->why);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, client);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, client);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)client->conf.connect_timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (client->conf.ca_file != NULL)
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, client->conf.ca_file);
    if (client->conf.connect_to != NULL)
        set_connect_to(client);
}

enum rc http_client_new(const struct http_client_conf *conf, struct http_client **client_out,
                        struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    *client_out = NULL;
    if (!is_http_url(conf->url))
        return err_set(err, RC_REJECT, "the url is none of http:// or https://");
    (void)pthread_once(&once, curl_init);
    struct http_client *client = xcalloc(1, sizeof *client);
    client->conf = *conf;
    buf_init(&client->body, conf->max_body_bytes);
    buf_init(&client->url, LIMIT_HTTP_URL_BYTES);
    buf_init(&client->form, LIMIT_HTTP_URL_BYTES);
    client->multi = curl_multi_init();
    client->easy = curl_easy_init();
    if (client->multi == NULL || client->easy == NULL) {
        http_client_free(&client);
        return err_set(err, RC_FATAL, "libcurl has no memory");
    }
    set_up(client);
    *client_out = client;
    return RC_OK;
}

void http_client_free(struct http_client **client)
{
    if (client == NULL || *client == NULL)
        return;
    curl_easy_cleanup((*client)->easy);
    curl_slist_free_all((*client)->connect_to);
    (void)curl_multi_cleanup((*client)->multi);
    buf_done(&(*client)->body);
    buf_done(&(*client)->url);
    buf_done(&(*client)->form);
    free(*client);
    *client = NULL;
}

/* ---- the request ---- */

static bool add_escaped(struct http_client *client, struct buf *to, const char *text)
{
    char *escaped = curl_easy_escape(client->easy, text, 0);
    bool added = escaped != NULL && buf_add_text(to, escaped);
    curl_free(escaped);
    return added;
}

static bool add_parameters(struct http_client *client, const struct http_request *request,
                           struct buf *to, const char *before)
{
    for (size_t i = 0; i < request->parameter_count; i++) {
        const struct http_parameter *parameter = &request->parameters[i];
        if (parameter->value == NULL)
            continue;
        if (!buf_add_text(to, before) || !add_escaped(client, to, parameter->name) ||
            !buf_add_text(to, "=") || !add_escaped(client, to, parameter->value))
            return false;
        before = "&";
    }
    return true;
}

static size_t without_slash(const char *url)
{
    size_t n = strlen(url);
    return n > 0 && url[n - 1] == '/' ? n - 1 : n;
}

static enum rc prepare_url(struct http_client *client, const struct http_request *request,
                           struct err *err)
{
    const char *base = client->conf.url;
    buf_reset(&client->url);
    buf_reset(&client->form);
    bool fits = buf_add(&client->url, base, without_slash(base)) &&
                buf_add_text(&client->url, request->path);
    if (request->is_post)
        fits = fits && add_parameters(client, request, &client->form, "");
    else
        fits = fits && add_parameters(client, request, &client->url, "?");
    if (!fits || !buf_add(&client->url, "", 1) || !buf_add(&client->form, "", 1))
        return err_set(err, RC_REJECT, "%s: the request is too long", request->what);
    return RC_OK;
}

static enum rc prepare(struct http_client *client, const struct http_request *request,
                       struct err *err)
{
    CURL *easy = client->easy;
    enum rc rc = prepare_url(client, request, err);
    if (rc != RC_OK)
        return rc;
    long auth = request->bearer != NULL ? CURLAUTH_BEARER : CURLAUTH_BASIC;
    bool fits = curl_easy_setopt(easy, CURLOPT_URL, client->url.p) == CURLE_OK;
    if (request->is_post)
        fits = fits && curl_easy_setopt(easy, CURLOPT_POSTFIELDS, client->form.p) == CURLE_OK;
    else
        (void)curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    fits = fits && curl_easy_setopt(easy, CURLOPT_HTTPAUTH, auth) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, request->bearer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERNAME, request->user) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PASSWORD, request->password) == CURLE_OK;
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)HTTP_SLOW_BYTES);
    (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)request->slow_s);
    if (!fits)
        return err_set(err, RC_FATAL, "%s: libcurl does not take the request", request->what);
    client->header_bytes = 0;
    client->why[0] = '\0';
    buf_reset(&client->body);
    return RC_OK;
}

/* ---- the call ---- */

/* Returns what became of the transfer; stopped_out: it was given up for a requested stop. */
static CURLcode transfer(struct http_client *client, bool *stopped_out)
{
    CURLcode result = CURLE_OK;
    int running = 1;
    *stopped_out = false;
    if (curl_multi_add_handle(client->multi, client->easy) != CURLM_OK)
        return CURLE_FAILED_INIT;
    CURLMcode code = curl_multi_perform(client->multi, &running);
    while (code == CURLM_OK && running > 0 && !stop_requested()) {
        code = curl_multi_poll(client->multi, NULL, 0, GLANCE_MS, NULL);
        if (code == CURLM_OK)
            code = curl_multi_perform(client->multi, &running);
    }
    int left;
    const CURLMsg *message = curl_multi_info_read(client->multi, &left);
    if (message != NULL)
        result = message->data.result;
    else if (code != CURLM_OK)
        result = CURLE_FAILED_INIT;
    else
        *stopped_out = true;
    (void)curl_multi_remove_handle(client->multi, client->easy);
    return result;
}

void http_scrub(char *text, const char *secret)
{
    size_t n = secret != NULL ? strlen(secret) : 0;
    size_t mask = strlen(MASK);
    for (char *p = n > mask ? strstr(text, secret) : NULL; p != NULL; p = strstr(p, secret)) {
        memcpy(p, MASK, mask);
        memmove(p + mask, p + n, strlen(p + n) + 1);
    }
}

/* What nobody but the operator can change. */
static bool must_be_mended(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return true;
    default:
        return false;
    }
}

static enum rc failed(struct http_client *client, const struct http_request *request, CURLcode code,
                      struct err *err)
{
    if (code == CURLE_WRITE_ERROR && buf_is_full(&client->body)) {
        enum rc rc = err_set(err, RC_REJECT, "%s: the reply is larger than %zu bytes",
                             request->what, client->conf.max_body_bytes);
        if (err != NULL)
            err->code = HTTP_TOO_LARGE;
        return rc;
    }
    http_scrub(client->why, request->secret);
    const char *why = client->why[0] != '\0' ? client->why : curl_easy_strerror(code);
    enum rc rc =
        err_set(err, must_be_mended(code) ? RC_REJECT : RC_RETRY, "%s: %s", request->what, why);
    if (err != NULL && code == CURLE_OPERATION_TIMEDOUT)
        err->code = HTTP_TIMED_OUT;
    return rc;
}

static int64_t date_of(CURL *easy)
{
    struct curl_header *header;
    if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return TIME_NONE;
    time_t date = curl_getdate(header->value, NULL);
    return date >= 0 ? date * US_PER_SECOND : TIME_NONE;
}

static void read_reply(struct http_client *client, struct http_reply *reply)
{
    long status = 0;
    curl_off_t retry_after_s = 0;
    char *content_type = NULL;
    (void)curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(client->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    (void)curl_easy_getinfo(client->easy, CURLINFO_CONTENT_TYPE, &content_type);
    if (retry_after_s > INT32_MAX)
        retry_after_s = INT32_MAX;
    *reply = (struct http_reply){.status = (int)status,
                                 .body = buf_peek(&client->body),
                                 .content_type = str_of(content_type),
                                 .retry_after_ms = retry_after_s * 1000,
                                 .date_us = date_of(client->easy)};
}

enum rc http_client_call(struct http_client *client, const struct http_request *request,
                         struct http_reply *reply_out, struct err *err)
{
    bool stopped = false;
    *reply_out = (struct http_reply){.date_us = TIME_NONE};
    enum rc rc = prepare(client, request, err);
    if (rc != RC_OK)
        return rc;
    CURLcode code = transfer(client, &stopped);
    if (stopped)
        return err_set(err, RC_AGAIN, "%s: given up, a stop was requested", request->what);
    if (code != CURLE_OK)
        return failed(client, request, code, err);
    read_reply(client, reply_out);
    return RC_OK;
}

enum http_verdict http_reply_verdict(int status)
{
    if (status >= 200 && status <= 299)
        return HTTP_DONE;
    if (status == 401)
        return HTTP_UNAUTHORIZED;
    if (status == 408 || status == 425 || status == 429 || status >= 500)
        return HTTP_BUSY;
    return HTTP_REFUSED;
}
