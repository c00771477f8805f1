#include "transform/email/mail.h"

#include <strings.h>

const struct mail_header *mail_header_find(const struct mail *mail, const char *name)
{
    return mail_header_next(mail, NULL, name);
}

const struct mail_header *mail_header_next(const struct mail *mail, const struct mail_header *after,
                                           const char *name)
{
    size_t n = strlen(name);
    for (size_t i = after != NULL ? (size_t)(after - mail->headers) + 1 : 0; i < mail->header_count;
         i++) {
        const struct mail_header *header = &mail->headers[i];
        if (header->name.n == n && strncasecmp(header->name.p, name, n) == 0)
            return header;
    }
    return NULL;
}

struct str mail_header_text(const struct mail *mail, const char *name)
{
    const struct mail_header *header = mail_header_find(mail, name);
    return header != NULL ? header->value : STR_NULL;
}
