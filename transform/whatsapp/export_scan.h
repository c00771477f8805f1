/* export_scan.h: the header that begins a message in an exported chat: date, time, and the mark
 * that ends them.
 *
 * Source:  reference/whatsapp.md 7.2 (grammar), 7.4 (years). A scanner that never goes back over
 * what it has read further than one word; lines must be valid UTF-8.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_EXPORT_SCAN_H
#define SLUICE_TRANSFORM_WHATSAPP_EXPORT_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"

#define WA_NO_SECOND (-1)

/* Of the three numbers of a date. */
enum wa_order { WA_DMY, WA_MDY, WA_YMD };

struct wa_header {
    bool is_bracketed;    /* "[...]", as iOS writes */
    char separator;       /* of the date: '/', '.' or '-' */
    int date[3];          /* as written */
    bool is_year_first;   /* the first has four digits */
    bool has_short_year;  /* two digits */
    bool is_padded;       /* a day or month with a leading zero */
    bool is_marked_upper; /* AM or PM in upper case */
    bool is_marked_other; /* any other word for the half of the day */
    int hour, minute, second;
    size_t rest; /* where sender and text begin */
};

enum wa_scan {
    WA_SCAN_TEXT,   /* no header */
    WA_SCAN_HEADER, /* one */
    WA_SCAN_CUT     /* the line ends within one */
};

enum wa_scan wa_header_scan(struct str line, struct wa_header *header_out);

/* The wall clock's time under an order of the numbers; years of the Buddhist calendar are
 * converted. false: no such date. */
bool wa_header_local(const struct wa_header *header, enum wa_order order, int64_t *local_us_out);
/* Whether it is more than a day before the latest time so far, which it may itself become. A date
 * that does not exist is not. */
bool wa_header_is_past(const struct wa_header *header, enum wa_order order, int64_t *latest_us);
/* Whether day and month are possible under the order. */
bool wa_header_fits(const struct wa_header *header, enum wa_order order);
/* A year that only the Persian or the Hijri calendar has now. */
bool wa_header_is_foreign(const struct wa_header *header);

/* Marks without width, which WhatsApp and phones put around texts. */
bool wa_is_mark(uint32_t c);
/* Blanks of any kind, line ends apart. */
bool wa_is_blank(uint32_t c);
/* Whether the byte is a character that is neither a mark nor a blank other than the space. */
static inline bool wa_is_plain(char byte)
{
    return (unsigned char)byte < 0x80 && byte != '\t';
}
/* The text without marks and blanks at its ends. */
struct str wa_trim(struct str text);
/* The text without marks at its beginning. is_written_out: whether U+200E was among them, which
 * WhatsApp puts before what nobody typed. */
struct str wa_skip_marks(struct str text, bool *is_written_out);

#endif
