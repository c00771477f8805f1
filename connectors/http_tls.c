#include "connectors/http_tls.h"

#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/file.h"
#include "lib/limits.h"
#include "lib/log.h"

#define ARENA_BYTES (4 * LIMIT_TLS_FILE_BYTES)
static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

struct http_tls {
    struct http_tls_conf conf;
    struct arena *arena;
    struct str certificate;
    struct str key;
    struct str client_ca; /* STR_NULL: none */
};

static gnutls_datum_t datum_of(struct str text)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)text.p, (unsigned int)text.n};
}

/* MHD would only say that it cannot start. */
static enum rc check(const struct http_tls *tls, gnutls_certificate_credentials_t credentials,
                     struct err *err)
{
    const gnutls_datum_t certificate = datum_of(tls->certificate), key = datum_of(tls->key);
    int code =
        gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key, GNUTLS_X509_FMT_PEM);
    if (code < 0)
        return err_set(err, RC_REJECT,
                       "\"%s\" and \"%s\" are no certificate and its key in PEM: %s",
                       tls->conf.certificate, tls->conf.key, gnutls_strerror(code));
    if (tls->conf.client_ca == NULL)
        return RC_OK;
    const gnutls_datum_t client_ca = datum_of(tls->client_ca);
    code = gnutls_certificate_set_x509_trust_mem(credentials, &client_ca, GNUTLS_X509_FMT_PEM);
    if (code <= 0)
        return err_set(err, RC_REJECT, "\"%s\" holds no certificate in PEM%s%s",
                       tls->conf.client_ca, code < 0 ? ": " : "",
                       code < 0 ? gnutls_strerror(code) : "");
    return RC_OK;
}

static enum rc read_files(struct http_tls *tls, struct err *err)
{
    const struct http_tls_conf *conf = &tls->conf;
    enum rc rc =
        file_read(conf->certificate, LIMIT_TLS_FILE_BYTES, tls->arena, &tls->certificate, err);
    if (rc == RC_OK)
        rc = file_read(conf->key, LIMIT_TLS_FILE_BYTES, tls->arena, &tls->key, err);
    if (rc == RC_OK && conf->client_ca != NULL)
        rc = file_read(conf->client_ca, LIMIT_TLS_FILE_BYTES, tls->arena, &tls->client_ca, err);
    return rc;
}

static enum rc load(struct http_tls *tls, struct err *err)
{
    gnutls_certificate_credentials_t credentials = NULL;
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return err_set(err, RC_REJECT,
                       "libmicrohttpd was built without TLS; leave out receive.tls and put a proxy "
                       "in front");
    enum rc rc = read_files(tls, err);
    if (rc == RC_OK && gnutls_certificate_allocate_credentials(&credentials) != GNUTLS_E_SUCCESS)
        rc = err_set(err, RC_FATAL, "out of memory");
    if (rc == RC_OK)
        rc = check(tls, credentials, err);
    if (credentials != NULL)
        gnutls_certificate_free_credentials(credentials);
    return rc;
}

enum rc http_tls_load(const struct http_tls_conf *conf, struct http_tls **tls_out, struct err *err)
{
    struct http_tls *tls = xcalloc(1, sizeof *tls);
    tls->conf = *conf;
    tls->client_ca = STR_NULL;
    tls->arena = arena_new("certificates", ARENA_BYTES);
    enum rc rc = load(tls, err);
    if (rc != RC_OK)
        http_tls_free(&tls);
    *tls_out = tls;
    return rc;
}

void http_tls_free(struct http_tls **tls)
{
    if (tls == NULL || *tls == NULL)
        return;
    arena_free(&(*tls)->arena);
    free(*tls);
    *tls = NULL;
}

static struct MHD_OptionItem option(enum MHD_OPTION which, const char *text)
{
    /* MHD does not write to it; its signature only predates const. */
    return (struct MHD_OptionItem){which, 0, (void *)(uintptr_t)text};
}

void http_tls_options(const struct http_tls *tls,
                      struct MHD_OptionItem options_out[static HTTP_TLS_OPTIONS])
{
    size_t n = 0;
    options_out[n++] = option(MHD_OPTION_HTTPS_MEM_CERT, tls->certificate.p);
    options_out[n++] = option(MHD_OPTION_HTTPS_MEM_KEY, tls->key.p);
    options_out[n++] = option(MHD_OPTION_HTTPS_PRIORITIES, priorities);
    if (tls->conf.client_ca != NULL)
        options_out[n++] = option(MHD_OPTION_HTTPS_MEM_TRUST, tls->client_ca.p);
    options_out[n] = option(MHD_OPTION_END, NULL);
}

/* ---- clients ---- */

static bool is_name(const char *name, const char *found, size_t n)
{
    return n == strlen(name) && strncasecmp(name, found, n) == 0;
}

/* A common name counts as much as an alternative one: it is what Meta gives. GnuTLS's own
 * comparison (gnutls_x509_crt_check_hostname) takes it of servers' certificates only. */
static bool has_name(gnutls_x509_crt_t certificate, const char *name)
{
    char found[LIMIT_TLS_NAME_BYTES];
    size_t n = sizeof found;
    int kind = GNUTLS_SAN_DNSNAME;
    for (unsigned int i = 0; kind >= 0; i++, n = sizeof found) {
        kind = gnutls_x509_crt_get_subject_alt_name(certificate, i, found, &n, NULL);
        if (kind == GNUTLS_SAN_DNSNAME && is_name(name, found, n))
            return true;
    }
    int code = GNUTLS_E_SUCCESS;
    n = sizeof found;
    for (unsigned int i = 0; code >= 0; i++, n = sizeof found) {
        code = gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, i, 0, found,
                                             &n);
        if (code >= 0 && is_name(name, found, n))
            return true;
    }
    return false;
}

static bool peer_has_name(gnutls_session_t session, const char *name)
{
    unsigned int count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    gnutls_x509_crt_t certificate = NULL;
    if (count == 0 || gnutls_x509_crt_init(&certificate) != GNUTLS_E_SUCCESS)
        return false;
    bool is_right =
        gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) == GNUTLS_E_SUCCESS &&
        has_name(certificate, name);
    gnutls_x509_crt_deinit(certificate);
    return is_right;
}

static void log_refused(const char *why)
{
    static struct log_pause pause;
    uint64_t left_out;
    if (log_is_due(&pause, &left_out))
        LOG_WARN("client certificate refused; if the client is genuine, compare it with "
                 "receive.tls.client_ca and client_name, and the clocks",
                 LOG_STR("reason", why), LOG_INT("more_since_last", left_out));
}

static int refuse_unverified(unsigned int status)
{
    gnutls_datum_t text = {NULL, 0};
    (void)gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0);
    log_refused(text.data != NULL ? (const char *)text.data : "it cannot be read");
    gnutls_free(text.data);
    return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
}

/* Within the handshake, once the client has shown something. Other results than 0 end it. */
static int verify(gnutls_session_t session)
{
    static char client[] = GNUTLS_KP_TLS_WWW_CLIENT;
    const struct http_tls *tls = gnutls_db_get_ptr(session);
    gnutls_typed_vdata_st purpose = {
        .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)client, .size = 0};
    unsigned int status = GNUTLS_CERT_INVALID;
    if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) != GNUTLS_E_SUCCESS ||
        status != 0)
        return refuse_unverified(status);
    if (tls->conf.client_name != NULL && !peer_has_name(session, tls->conf.client_name)) {
        log_refused("it is of another name");
        return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
    }
    return 0;
}

/* ---- the daemon ---- */

static void shut(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info != NULL)
        (void)shutdown(info->connect_fd, SHUT_RDWR);
}

/* The handshake has not begun. */
void http_tls_begin(const struct http_tls *tls, struct MHD_Connection *connection)
{
    if (tls->conf.client_ca == NULL)
        return;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info == NULL || info->tls_session == NULL) {
        shut(connection); /* rather nobody than everybody */
        return;
    }
    gnutls_certificate_server_set_request(info->tls_session, GNUTLS_CERT_REQUIRE);
    gnutls_session_set_verify_function(info->tls_session, verify);
    /* The session's own pointer is MHD's; nobody else uses this one without a cache of sessions. */
    gnutls_db_set_ptr(info->tls_session, (void *)(uintptr_t)tls);
}
