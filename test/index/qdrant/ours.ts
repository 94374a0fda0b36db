/**
 * Trims the server's OpenAPI description to the part that our calls use.
 */
import type { OpenApi } from "./OpenApi.ts"

type Json = { readonly [key: string]: unknown }

const OPERATIONS = new Set([
  "root",
  "get_collections",
  "get_collection",
  "create_collection",
  "update_collection",
  "delete_collection",
  "create_field_index",
  "update_aliases",
  "get_collections_aliases",
  "upsert_points",
  "delete_points",
  "get_points",
  "query_points",
  "scroll_points",
  "count_points"
])

/** Fields that we send or the stand-in returns; alternatives that require others are left out. */
const FIELDS = new Set(
  `title version time status error result usage name collections wait timeout ordering consistency
  vectors size distance memory on_disk quantization_config scalar type quantile always_ram sparse_vectors modifier hnsw_config m
  payload_m ef_construct full_scan_threshold payload on_disk_payload strict_mode_config enabled unindexed_filtering_retrieve
  unindexed_filtering_update max_query_limit upsert_max_batchsize search_max_hnsw_ef search_max_oversampling
  filter_max_conditions max_payload_index_count shard_number replication_factor write_consistency_factor metadata
  field_name field_schema is_tenant is_principal lookup range actions create_alias alias_name collection_name aliases
  points ids id vector indices values operation_id must key match any gte lte query nearest using filter params idf corpus quantization
  rescore oversampling acorn enable prefetch limit rrf k weights score offset with_payload with_vector
  next_page_offset exact count config payload_schema points_count segments_count optimizer_status optimizer_config
  default_segment_number flush_interval_sec data_type`.split(/\s+/)
)
const NOTES = new Set(["description", "example", "examples", "deprecated", "default", "summary", "tags"])

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

const only = (record: Json, keep: (key: string) => boolean): Json =>
  Object.fromEntries(Object.entries(record).filter(([key]) => keep(key)))

export const ours = ({ components: { schemas }, info, openapi, paths }: OpenApi): OpenApi => {
  const resolved = (node: unknown): unknown =>
    isObject(node) && typeof node["$ref"] === "string" ? schemas[node["$ref"].split("/").at(-1)!] : node

  /** Tests whether all fields that the alternative requires are ours. */
  const isOurs = (alternative: unknown): boolean => {
    const schema = resolved(alternative)
    const required = isObject(schema) ? schema["required"] : undefined
    return !Array.isArray(required) || required.every((name: string) => FIELDS.has(name))
  }

  const trimmed = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(trimmed)
    if (!isObject(node)) return node
    return Object.fromEntries(
      Object.entries(node).filter(([key]) => !NOTES.has(key)).map(([key, value]): readonly [string, unknown] => {
        switch (key) {
          case "properties":
            return [
              key,
              Object.fromEntries(
                Object.entries(only(value as Json, (name) => FIELDS.has(name))).map(([name, each]) => [
                  name,
                  trimmed(each)
                ])
              )
            ]
          case "anyOf":
          case "oneOf":
            return [key, (value as ReadonlyArray<unknown>).filter(isOurs).map(trimmed)]
          default:
            return [key, trimmed(value)]
        }
      })
    )
  }

  const kept = Object.fromEntries(
    Object.entries(paths).map(([path, item]) =>
      [
        path,
        Object.fromEntries(
          Object.entries(item).filter(([, { operationId }]) => OPERATIONS.has(operationId)).map((
            [method, operation]
          ) => [method, trimmed(operation)])
        )
      ] as const
    ).filter(([, item]) => Object.keys(item).length > 0)
  ) as OpenApi["paths"]

  const used: Record<string, Json> = {}
  const follow = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(follow)
    if (!isObject(node)) return
    const name = typeof node["$ref"] === "string" ? node["$ref"].split("/").at(-1)! : undefined
    if (name !== undefined && used[name] === undefined) follow(used[name] = trimmed(schemas[name]) as Json)
    else Object.values(node).forEach(follow)
  }
  follow(kept)
  return {
    openapi,
    info: {
      title: "The part of Qdrant's OpenAPI description that our calls use, trimmed by scripts/assets/qdrant-calls.ts",
      version: info["version"],
      license: "Apache-2.0, https://github.com/qdrant/qdrant"
    },
    paths: kept,
    components: { schemas: used }
  }
}
