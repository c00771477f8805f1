#include "connectors/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST_BYTES 256
#define PORT_BYTES 6

struct parts {
    char host[HOST_BYTES];
    char port[PORT_BYTES];
};

/* The last colon parts host and port; brackets keep the colons of IPv6 apart. */
static bool split(const char *address, struct parts *parts_out)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address)
        return false;
    const char *host = address;
    size_t host_n = (size_t)(colon - address);
    if (host[0] == '[' && host[host_n - 1] == ']') {
        host++;
        host_n -= 2;
    } else if (memchr(host, ':', host_n) != NULL) {
        return false;
    }
    size_t port_n = strlen(colon + 1);
    if (host_n == 0 || host_n >= HOST_BYTES || port_n == 0 || port_n >= PORT_BYTES)
        return false;
    memcpy(parts_out->host, host, host_n);
    parts_out->host[host_n] = '\0';
    memcpy(parts_out->port, colon + 1, port_n + 1);
    return true;
}

static enum rc bind_one(const struct addrinfo *info, const char *address, int *fd_out,
                        struct err *err)
{
    int on = 1;
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    info->ai_protocol);
    if (fd < 0)
        return err_set(err, RC_FATAL, "cannot open a socket for \"%s\": %s", address,
                       strerror(errno));
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, info->ai_addr, info->ai_addrlen) != 0) {
        int cause = errno;
        (void)close(fd);
        return err_set(err, RC_FATAL, "cannot listen on \"%s\": %s; %s", address, strerror(cause),
                       cause == EADDRINUSE ? "another program has this port, choose a free one"
                                           : "choose an address of this machine and a free port");
    }
    *fd_out = fd;
    return RC_OK;
}

void address_of(int fd, char real_out[static ADDRESS_TEXT_BYTES])
{
    struct sockaddr_storage bound;
    socklen_t n = sizeof bound;
    char host[INET6_ADDRSTRLEN] = "?", port[PORT_BYTES] = "?";
    if (getsockname(fd, (struct sockaddr *)&bound, &n) == 0)
        (void)getnameinfo((struct sockaddr *)&bound, n, host, sizeof host, port, sizeof port,
                          NI_NUMERICHOST | NI_NUMERICSERV);
    (void)snprintf(real_out, ADDRESS_TEXT_BYTES, bound.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
                   host, port);
}

enum rc address_bind(const char *address, int *fd_out, char real_out[static ADDRESS_TEXT_BYTES],
                     struct err *err)
{
    struct parts parts;
    if (!split(address, &parts))
        return err_set(err, RC_FATAL,
                       "\"%s\" is no address to listen on; expected host:port, for example "
                       "127.0.0.1:8080 or [::1]:8080",
                       address);
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(parts.host, parts.port, &hints, &found);
    if (failed != 0)
        return err_set(err, RC_FATAL, "cannot listen on \"%s\": %s", address, gai_strerror(failed));
    enum rc rc = bind_one(found, address, fd_out, err);
    freeaddrinfo(found);
    if (rc == RC_OK)
        address_of(*fd_out, real_out);
    return rc;
}
