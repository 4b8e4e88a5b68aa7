/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* printf of the kernel: Microsoft's rules for width prefixes, %ws, %S and %wZ. No floating point, as in the kernel. */
#include "format.h"

#include <stdio.h>
#include <string.h>

struct sink {
    char *narrow;
    WCHAR *wide;
    size_t room, used; /* characters */
};

static void put(struct sink *sink, WCHAR c)
{
    if (sink->used < sink->room) {
        if (sink->narrow != NULL)
            sink->narrow[sink->used] = (char)c;
        else
            sink->wide[sink->used] = c;
    }
    sink->used++;
}

struct spec {
    bool left, zero, plus, space, alternate;
    int width, precision; /* -1: none */
    int size;             /* bytes of an integer argument; 0: int */
    bool wide_text, short_text;
    WCHAR conversion;
};

static void pad(struct sink *sink, int count, char with)
{
    while (count-- > 0)
        put(sink, (WCHAR)with);
}

static void put_text(struct sink *sink, const struct spec *spec, const void *text, bool wide, size_t length)
{
    size_t i;

    if (spec->precision >= 0 && length > (size_t)spec->precision)
        length = (size_t)spec->precision;
    if (!spec->left)
        pad(sink, spec->width - (int)length, ' ');
    for (i = 0; i < length; i++)
        put(sink, wide ? ((const WCHAR *)text)[i] : (WCHAR)((const unsigned char *)text)[i]);
    if (spec->left)
        pad(sink, spec->width - (int)length, ' ');
}

static void put_number(struct sink *sink, const struct spec *spec, uint64_t value, bool negative)
{
    const char *digits = spec->conversion == 'X' || spec->conversion == 'p' ? "0123456789ABCDEF" : "0123456789abcdef";
    unsigned base = strchr("xXp", spec->conversion) ? 16 : spec->conversion == 'o' ? 8 : 10;
    char text[32];
    int n = 0, body, zeros, prefix = negative || spec->plus || spec->space;

    do {
        text[n++] = digits[value % base];
        value /= base;
    } while (value);
    body = n > spec->precision ? n : spec->precision;
    zeros = body - n;
    if (spec->zero && !spec->left && spec->precision < 0 && spec->width > body + prefix)
        zeros += spec->width - body - prefix;
    if (!spec->left)
        pad(sink, spec->width - n - zeros - prefix, ' ');
    if (prefix)
        put(sink, negative ? '-' : spec->plus ? '+' : ' ');
    if (spec->alternate && base == 16) {
        put(sink, '0');
        put(sink, 'x');
    }
    pad(sink, zeros, '0');
    while (n > 0)
        put(sink, (WCHAR)text[--n]);
    if (spec->left)
        pad(sink, spec->width - body - prefix, ' ');
}

static size_t text_length(const void *text, bool wide, int limit)
{
    size_t n = 0;

    while ((limit < 0 || n < (size_t)limit) && (wide ? ((const WCHAR *)text)[n] : ((const char *)text)[n]))
        n++;
    return n;
}

#define FORMAT_AT(i) (wide_format ? ((const WCHAR *)format)[i] : (WCHAR)((const unsigned char *)format)[i])

/* Parses what follows '%' from index *at on. Stars take arguments. */
static struct spec parse(const void *format, bool wide_format, size_t *at, MS_VA_LIST *arguments)
{
    struct spec spec = {.precision = -1};
    size_t i = *at;
    bool flags = true;

    for (; flags; i += flags) {
        WCHAR c = FORMAT_AT(i);

        flags = c == '-' || c == '0' || c == '+' || c == ' ' || c == '#';
        spec.left |= c == '-';
        spec.zero |= c == '0';
        spec.plus |= c == '+';
        spec.space |= c == ' ';
        spec.alternate |= c == '#';
    }
    if (FORMAT_AT(i) == '*') {
        spec.width = __builtin_va_arg(*arguments, int);
        i++;
    }
    for (; FORMAT_AT(i) >= '0' && FORMAT_AT(i) <= '9'; i++)
        spec.width = spec.width * 10 + FORMAT_AT(i) - '0';
    if (FORMAT_AT(i) == '.') {
        spec.precision = 0;
        if (FORMAT_AT(++i) == '*') {
            spec.precision = __builtin_va_arg(*arguments, int);
            i++;
        }
        for (; FORMAT_AT(i) >= '0' && FORMAT_AT(i) <= '9'; i++)
            spec.precision = spec.precision * 10 + FORMAT_AT(i) - '0';
    }
    if (FORMAT_AT(i) == 'I' && FORMAT_AT(i + 1) == '6' && FORMAT_AT(i + 2) == '4') {
        spec.size = 8;
        i += 3;
    } else if (FORMAT_AT(i) == 'I' && FORMAT_AT(i + 1) == '3' && FORMAT_AT(i + 2) == '2') {
        i += 3;
    } else if (FORMAT_AT(i) == 'I') {
        spec.size = sizeof(void *);
        i++;
    } else if (FORMAT_AT(i) == 'l' && FORMAT_AT(i + 1) == 'l') {
        spec.size = 8;
        i += 2;
    } else if (FORMAT_AT(i) == 'l' || FORMAT_AT(i) == 'w') {
        spec.wide_text = true;
        i++;
    } else if (FORMAT_AT(i) == 'h') {
        spec.short_text = true;
        i++;
    }
    spec.conversion = FORMAT_AT(i);
    *at = i;
    return spec;
}

static void put_argument(struct sink *sink, struct spec *spec, bool wide_format, MS_VA_LIST *arguments)
{
    WCHAR c = spec->conversion;
    bool wide = spec->wide_text || (!spec->short_text && ((c == 's' || c == 'c') ? wide_format : !wide_format));

    if (c == 's' || c == 'S') {
        const void *text = __builtin_va_arg(*arguments, const void *);

        if (text == NULL) {
            text = "(null)";
            wide = false;
        }
        put_text(sink, spec, text, wide, text_length(text, wide, spec->precision));
    } else if (c == 'Z') {
        const UNICODE_STRING *string = __builtin_va_arg(*arguments, const UNICODE_STRING *);
        bool counted_wide = spec->wide_text;

        if (string != NULL)
            put_text(sink, spec, string->Buffer, counted_wide, counted_wide ? string->Length / 2u : string->Length);
    } else if (c == 'c' || c == 'C') {
        WCHAR one = (WCHAR)__builtin_va_arg(*arguments, int);

        put_text(sink, spec, &one, true, 1);
    } else if (c == 'p') {
        spec->precision = 2 * (int)sizeof(void *);
        put_number(sink, spec, __builtin_va_arg(*arguments, uintptr_t), false);
    } else if (c == 'd' || c == 'i') {
        int64_t value = spec->size == 8 ? __builtin_va_arg(*arguments, int64_t) : __builtin_va_arg(*arguments, int);

        put_number(sink, spec, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
    } else if (c == 'u' || c == 'x' || c == 'X' || c == 'o') {
        spec->plus = spec->space = false;
        put_number(sink, spec, spec->size == 8 ? __builtin_va_arg(*arguments, uint64_t)
                                               : __builtin_va_arg(*arguments, unsigned), false);
    } else {
        violation("BAD_PARAMETER", "format conversion '%%%c' is not for the kernel", c < 127 ? (char)c : '?');
    }
}

static void run(struct sink *sink, const void *format, bool wide_format, MS_VA_LIST *arguments)
{
    size_t i;

    for (i = 0; FORMAT_AT(i) != 0; i++) {
        struct spec spec;

        if (FORMAT_AT(i) != '%') {
            put(sink, FORMAT_AT(i));
            continue;
        }
        i++;
        if (FORMAT_AT(i) == '%') {
            put(sink, '%');
            continue;
        }
        spec = parse(format, wide_format, &i, arguments);
        put_argument(sink, &spec, wide_format, arguments);
    }
}

/* The C library's result: characters without the end, -1 when it does not fit (Microsoft's _vsnprintf). */
static int finish(struct sink *sink)
{
    if (sink->used < sink->room) {
        if (sink->narrow != NULL)
            sink->narrow[sink->used] = 0;
        else
            sink->wide[sink->used] = 0;
        return (int)sink->used;
    }
    return sink->used == sink->room ? (int)sink->used : -1;
}

int format_narrow(char *out, size_t room, const char *format, MS_VA_LIST arguments)
{
    struct sink sink = {.narrow = out, .room = room};
    MS_VA_LIST copy;

    __builtin_memcpy(&copy, &arguments, sizeof copy);
    run(&sink, format, false, &copy);
    return finish(&sink);
}

int format_wide(WCHAR *out, size_t room, const WCHAR *format, MS_VA_LIST arguments)
{
    struct sink sink = {.wide = out, .room = room};
    MS_VA_LIST copy;

    __builtin_memcpy(&copy, &arguments, sizeof copy);
    run(&sink, format, true, &copy);
    return finish(&sink);
}
