@NullMarked
package dev.tern.contract.agent;

import org.jspecify.annotations.NullMarked;
