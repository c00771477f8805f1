#include "connectors/mail_link.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/stop.h"

#define TIMEOUT_MS 60000
#define CONNECT_TIMEOUT_MS 30000
#define SLICE_MS 250 /* so that a stop is noticed */
#define LINE_BYTES 512

struct mail_link {
    CURL *curl;
    curl_socket_t socket;
    int timeout_ms;
    size_t at, end; /* of what has come and was not taken */
    char curl_error[CURL_ERROR_SIZE];
    char said[LINE_BYTES]; /* the last line that the server said before it was logged in */
    char place[256];       /* host and port, for messages */
    char bytes[64 * KIB];
};

/* ---- the URL ---- */

static const struct {
    const char *prefix;
    enum mail_protocol protocol;
    bool is_tls;
} schemes[] = {{"imaps://", MAIL_IMAP, true},
               {"imap://", MAIL_IMAP, false},
               {"pop3s://", MAIL_POP3, true},
               {"pop3://", MAIL_POP3, false}};

/* The place in the table; -1: none. A user or a path has no meaning here. */
static int scheme_of(const char *url)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = strlen(schemes[i].prefix);
        if (url == NULL || strncmp(url, schemes[i].prefix, n) != 0)
            continue;
        size_t host = strcspn(url + n, "/@?#; ");
        bool ends = url[n + host] == '\0' || strcmp(url + n + host, "/") == 0;
        return host > 0 && ends ? (int)i : -1;
    }
    return -1;
}

bool mail_link_protocol(const char *url, enum mail_protocol *protocol_out)
{
    int scheme = scheme_of(url);
    if (scheme >= 0)
        *protocol_out = schemes[scheme].protocol;
    return scheme >= 0;
}

/* ---- logging in ---- */

static int on_progress(void *context, curl_off_t down, curl_off_t down_now, curl_off_t up,
                       curl_off_t up_now)
{
    (void)context, (void)down, (void)down_now, (void)up, (void)up_now;
    return stop_requested();
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct mail_link *link = context;
    size_t n = size * count;
    size_t kept = n < sizeof link->said - 1 ? n : sizeof link->said - 1;
    memcpy(link->said, bytes, kept);
    link->said[kept] = '\0';
    return n;
}

static void set_options(struct mail_link *link, const struct mail_link_conf *conf, bool is_tls)
{
    CURL *curl = link->curl;
    (void)curl_easy_setopt(curl, CURLOPT_URL, conf->url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "imap,imaps,pop3,pop3s");
    (void)curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(
        curl, CURLOPT_CONNECTTIMEOUT_MS,
        (long)(link->timeout_ms < CONNECT_TIMEOUT_MS ? link->timeout_ms : CONNECT_TIMEOUT_MS));
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)link->timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (!is_tls)
        (void)curl_easy_setopt(curl, CURLOPT_USE_SSL,
                               (long)(conf->is_plain_allowed ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    if (conf->ca_file != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, conf->ca_file);
    (void)curl_easy_setopt(curl, CURLOPT_USERNAME, conf->user);
    if (conf->token != NULL) {
        /* Of its own accord libcurl prefers OAUTHBEARER, which Gmail and Microsoft do not take. */
        (void)curl_easy_setopt(curl, CURLOPT_LOGIN_OPTIONS, "AUTH=XOAUTH2");
        (void)curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, conf->token);
    } else {
        (void)curl_easy_setopt(curl, CURLOPT_PASSWORD, conf->password);
    }
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, link->curl_error);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, link);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
}

void mail_link_said(struct str text, char said_out[static MAIL_SAID_BYTES])
{
    size_t n = 0, word = 0;
    bool is_address = false;
    for (size_t i = 0; i < text.n && n < MAIL_SAID_BYTES - 1; i++) {
        unsigned char c = (unsigned char)text.p[i];
        said_out[n++] = c < ' ' || c > '~' ? ' ' : (char)c;
        is_address = said_out[n - 1] != ' ' && (is_address || c == '@');
        if (said_out[n - 1] == ' ')
            word = n;
        else if (is_address)
            memset(said_out + word, '*', n - word);
    }
    said_out[n] = '\0';
}

bool mail_link_is_for_now(struct str code)
{
    static const char *const codes[] = {"UNAVAILABLE", "INUSE",    "IN-USE",    "LIMIT",
                                        "OVERQUOTA",   "SYS/TEMP", "SERVERBUG", "LOGIN-DELAY"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (code.n == strlen(codes[i]) && strncasecmp(code.p, codes[i], code.n) == 0)
            return true;
    return false;
}

/* The line that refused the login, without its tag and the user's name. */
static struct str refusal_of(struct mail_link *link, const char *user)
{
    char *no = strstr(link->said, " NO ");
    char *text = strncmp(link->said, "-ERR ", 5) == 0 ? link->said + 5
                 : no != NULL                         ? no + 4
                                                      : link->said + strlen(link->said);
    text[strcspn(text, "\r\n")] = '\0';
    size_t n = user != NULL ? strlen(user) : 0;
    for (char *at = text; n > 0 && (at = strcasestr(at, user)) != NULL; at += n)
        memset(at, '*', n);
    return str_of(text);
}

/* In brackets, if the text begins so. */
static struct str code_of(struct str text)
{
    const char *close = text.n > 0 && text.p[0] == '[' ? memchr(text.p, ']', text.n) : NULL;
    return close != NULL ? (struct str){text.p + 1, (size_t)(close - text.p) - 1} : STR_NULL;
}

static enum rc login_failed(struct mail_link *link, const struct mail_link_conf *conf,
                            CURLcode code, struct err *err)
{
    const char *why = link->curl_error[0] != '\0' ? link->curl_error : curl_easy_strerror(code);
    enum rc rc;
    if (code == CURLE_LOGIN_DENIED) {
        struct str refusal = refusal_of(link, conf->user);
        char said[MAIL_SAID_BYTES];
        mail_link_said(refusal, said);
        rc = err_set(err, mail_link_is_for_now(code_of(refusal)) ? RC_RETRY : RC_REJECT,
                     "mail server %s refused the login: %s; %s", link->place,
                     said[0] != '\0' ? said : "no reason was given",
                     conf->token != NULL ? "the token must be fresh and of this user"
                                         : "check user and password");
    } else if (code == CURLE_PEER_FAILED_VERIFICATION) {
        rc = err_set(err, RC_REJECT,
                     "the certificate of mail server %s does not hold: %s; for a private CA give "
                     "its file as ca_file",
                     link->place, why);
    } else if (code == CURLE_SSL_CACERT_BADFILE) {
        rc = err_set(err, RC_REJECT, "ca_file \"%s\" cannot be used: %s", conf->ca_file, why);
    } else if (code == CURLE_USE_SSL_FAILED) {
        rc = err_set(err, RC_REJECT,
                     "mail server %s offers no STARTTLS: use the address that speaks TLS from the "
                     "start, such as imaps://",
                     link->place);
    } else if (code == CURLE_SSL_CONNECT_ERROR) {
        rc = err_set(err, RC_RETRY,
                     "mail server %s does not begin with TLS: %s; a port that begins without it "
                     "needs imap:// or pop3://",
                     link->place, why);
    } else if (code == CURLE_ABORTED_BY_CALLBACK) {
        rc = RC_AGAIN;
    } else {
        rc = err_set(err, RC_RETRY, "mail server %s cannot be reached: %s", link->place, why);
    }
    if (err != NULL && rc != RC_AGAIN)
        err->code = (int)code;
    return rc;
}

bool mail_link_is_refusal(const struct err *err)
{
    return err->rc == RC_REJECT && err->code == CURLE_LOGIN_DENIED;
}

enum rc mail_link_open(const struct mail_link_conf *conf, struct mail_link **link_out,
                       struct err *err)
{
    *link_out = NULL;
    int scheme = scheme_of(conf->url);
    if (scheme < 0)
        return err_set(err, RC_REJECT,
                       "the mail server's URL is expected as imaps://host, imap://host, "
                       "pop3s://host or pop3://host, a port may follow");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, RC_FATAL, "libcurl cannot be used");
    struct mail_link *link = xcalloc(1, sizeof *link);
    link->socket = CURL_SOCKET_BAD;
    const char *place = conf->url + strlen(schemes[scheme].prefix);
    (void)snprintf(link->place, sizeof link->place, "%.*s", (int)strcspn(place, "/"), place);
    link->timeout_ms = conf->timeout_ms > 0 ? conf->timeout_ms : TIMEOUT_MS;
    link->curl = curl_easy_init();
    enum rc rc = RC_OK;
    if (link->curl == NULL) {
        rc = err_set(err, RC_FATAL, "libcurl cannot be used");
    } else {
        set_options(link, conf, schemes[scheme].is_tls);
        CURLcode code = curl_easy_perform(link->curl);
        if (code == CURLE_OK)
            code = curl_easy_getinfo(link->curl, CURLINFO_ACTIVESOCKET, &link->socket);
        if (code != CURLE_OK)
            rc = login_failed(link, conf, code, err);
    }
    if (rc != RC_OK)
        mail_link_close(&link);
    *link_out = link;
    return rc;
}

void mail_link_close(struct mail_link **link)
{
    if (link == NULL || *link == NULL)
        return;
    /* Else libcurl says LOGOUT or QUIT and waits for the answer. */
    if ((*link)->socket >= 0)
        (void)shutdown((*link)->socket, SHUT_RDWR);
    curl_easy_cleanup((*link)->curl);
    curl_global_cleanup();
    free(*link);
    *link = NULL;
}

/* ---- after the login ---- */

static enum rc wait_for(struct mail_link *link, short events, int64_t until_us, struct err *err)
{
    struct pollfd poll_fd = {.fd = link->socket, .events = events};
    for (;;) {
        int64_t left_ms = (until_us - clock_monotonic_us()) / US_PER_MS;
        if (stop_requested())
            return RC_AGAIN;
        if (left_ms <= 0)
            return err_set(err, RC_RETRY, "mail server %s said nothing for %d s", link->place,
                           link->timeout_ms / 1000);
        int n = poll(&poll_fd, 1, left_ms < SLICE_MS ? (int)left_ms : SLICE_MS);
        if (n > 0)
            return RC_OK;
        if (n < 0 && errno != EINTR)
            return err_set(err, RC_RETRY,
                           "the connection to mail server %s cannot be waited for: "
                           "%s",
                           link->place, strerror(errno));
    }
}

static enum rc lost(const struct mail_link *link, CURLcode code, struct err *err)
{
    return err_set(err, RC_RETRY, "the connection to mail server %s was lost: %s", link->place,
                   code == CURLE_OK ? "it was closed by the server" : curl_easy_strerror(code));
}

enum rc mail_link_send(struct mail_link *link, struct str bytes, struct err *err)
{
    int64_t until_us = clock_monotonic_us() + link->timeout_ms * US_PER_MS;
    while (bytes.n > 0) {
        size_t n = 0;
        CURLcode code = curl_easy_send(link->curl, bytes.p, bytes.n, &n);
        if (code == CURLE_AGAIN) {
            enum rc rc = wait_for(link, POLLOUT, until_us, err);
            if (rc != RC_OK)
                return rc;
        } else if (code != CURLE_OK) {
            return lost(link, code, err);
        }
        bytes = (struct str){bytes.p + n, bytes.n - n};
    }
    return RC_OK;
}

enum rc mail_link_peek(struct mail_link *link, struct str *bytes_out, struct err *err)
{
    int64_t until_us = clock_monotonic_us() + link->timeout_ms * US_PER_MS;
    while (link->at == link->end) {
        size_t n = 0;
        /* Before any wait: what TLS has decrypted already wakes nobody up. */
        CURLcode code = curl_easy_recv(link->curl, link->bytes, sizeof link->bytes, &n);
        if (code == CURLE_OK && n > 0) {
            link->at = 0;
            link->end = n;
        } else if (code != CURLE_AGAIN) {
            return lost(link, code, err);
        } else {
            enum rc rc = wait_for(link, POLLIN, until_us, err);
            if (rc != RC_OK)
                return rc;
        }
    }
    *bytes_out = (struct str){link->bytes + link->at, link->end - link->at};
    return RC_OK;
}

void mail_link_take(struct mail_link *link, size_t n)
{
    link->at += n;
}
