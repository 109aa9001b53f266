/*
 * Writes an initramfs (cpio, "newc") to standard output. Each argument is one entry, parents first:
 *   NAME/           a directory
 *   NAME=FILE       an executable file with the content of FILE
 *   NAME@MAJOR:MINOR a character device, which takes no root here
 * Times and owners are 0, so that the same input gives the same bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t position;
static unsigned inode = 1;

static void put(const void *bytes, size_t length) {
    if (fwrite(bytes, 1, length, stdout) != length) {
        perror("write");
        exit(1);
    }
    position += length;
}

static void align(void) {
    static const char zeros[4];
    put(zeros, (4 - position % 4) % 4);
}

static void entry(const char *name, unsigned mode, unsigned major, unsigned minor, const void *content, size_t length) {
    char header[111];
    snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode++, mode, 0, 0, 1, 0,
             (unsigned)length, 0, 0, major, minor, (unsigned)strlen(name) + 1, 0);
    put(header, 110);
    put(name, strlen(name) + 1);
    align();
    put(content, length);
    align();
}

static void file(const char *name, const char *path) {
    FILE *in = fopen(path, "rb");
    long length;
    if (!in || fseek(in, 0, SEEK_END) != 0 || (length = ftell(in)) < 0) {
        perror(path);
        exit(1);
    }
    rewind(in);
    char *content = malloc((size_t)length + 1);
    if (!content || fread(content, 1, (size_t)length, in) != (size_t)length) {
        perror(path);
        exit(1);
    }
    fclose(in);
    entry(name, 0100755, 0, 0, content, (size_t)length);
    free(content);
}

int main(int count, char **arguments) {
    for (int i = 1; i < count; i++) {
        char *name = arguments[i], *equals = strchr(name, '='), *at = strchr(name, '@');
        size_t length = strlen(name);
        unsigned major, minor;
        if (equals) {
            *equals = 0;
            file(name, equals + 1);
        } else if (at && sscanf(at + 1, "%u:%u", &major, &minor) == 2) {
            *at = 0;
            entry(name, 020600, major, minor, "", 0);
        } else if (length > 1 && name[length - 1] == '/') {
            name[length - 1] = 0;
            entry(name, 040755, 0, 0, "", 0);
        } else {
            fprintf(stderr, "initramfs: cannot read the entry %s\n", name);
            return 1;
        }
    }
    entry("TRAILER!!!", 0, 0, 0, "", 0);
    return fflush(stdout) == 0 ? 0 : 1;
}
