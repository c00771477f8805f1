#include "connectors/https_get.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>

#define CONNECT_MS 3000L
#define TOTAL_MS 5000L
#define CONNECT_TO_BYTES 320

static void start_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t keep(char *bytes, size_t size, size_t count, void *context)
{
    return buf_add(context, bytes, size * count) ? size * count : 0;
}

static int look(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
    (void)total, (void)now, (void)up_total, (void)up;
    atomic_bool *stop = context;
    return atomic_load(stop);
}

/* An empty host and port stand for any. */
static struct curl_slist *connect_to(CURL *curl, const struct https_get_conf *conf)
{
    char text[CONNECT_TO_BYTES];
    if (conf->connect_to == NULL)
        return NULL;
    (void)snprintf(text, sizeof text, "::%s", conf->connect_to);
    struct curl_slist *list = curl_slist_append(NULL, text);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECT_TO, list);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    return list;
}

static void set_bounds(CURL *curl, atomic_bool *stop)
{
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TOTAL_MS);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* a name being looked up is left alone */
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, stop);
}

enum rc https_get(const struct https_get_conf *conf, const char *url, atomic_bool *stop,
                  struct buf *out, long *status_out, struct err *err)
{
    static pthread_once_t started = PTHREAD_ONCE_INIT;
    (void)pthread_once(&started, start_curl);
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return err_set(err, RC_RETRY, "libcurl cannot start");
    struct curl_slist *to = connect_to(curl, conf);
    set_bounds(curl, stop);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "sluice/" SLUICE_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    if (conf->ca_file != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, conf->ca_file);
    CURLcode code = curl_easy_perform(curl);
    enum rc rc = RC_OK;
    if (code == CURLE_OK)
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status_out);
    else
        rc = err_set(err, RC_RETRY, "%s", curl_easy_strerror(code));
    curl_easy_cleanup(curl);
    curl_slist_free_all(to);
    return rc;
}
