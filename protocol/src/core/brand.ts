declare const brand: unique symbol;

/** A value that shares its runtime type with others but must not be mixed with them. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
