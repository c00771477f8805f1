/* mbox_file: writes an mbox file of invented mails to standard output, the same ones every time.
 *
 *     mbox_file MIB > mails.mbox */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/email_mails.h"
#include "lib/limits.h"

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long long size = argc == 2 ? strtoull(argv[1], &end, 10) : 0;
    if (size == 0 || *end != '\0') {
        (void)fprintf(stderr, "usage: mbox_file MIB > FILE\n");
        return 2;
    }
    struct buf mail;
    size_t written = 0;
    buf_init(&mail, 1 * MIB);
    for (size_t number = 0; written < size * MIB; number++) {
        buf_reset(&mail);
        email_mails_add_mbox(&mail, number);
        if (fwrite(mail.p, 1, mail.n, stdout) != mail.n)
            break;
        written += mail.n;
    }
    buf_done(&mail);
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return 0;
    (void)fprintf(stderr, "mbox_file: cannot write: %s\n", strerror(errno));
    return 1;
}
