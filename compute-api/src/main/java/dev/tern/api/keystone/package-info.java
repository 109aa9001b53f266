/** {@code auth=keystone}: a Keystone v3 says who asks; it is asked by a service user. */
@NullMarked
package dev.tern.api.keystone;

import org.jspecify.annotations.NullMarked;
